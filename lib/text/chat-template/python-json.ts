/** JSON as Python's `json.dumps` writes it: the `tojson` of chat templates, which models were trained on. */
import type { RuntimeValue } from '@huggingface/jinja';

export interface PythonJsonOptions {
  indent: number | null;
  ensureAscii: boolean;
  sortKeys: boolean;
  /** Between items, and between key and value. */
  separators: readonly [string, string] | null;
}

/** @throws Error for a value that is not JSON (a function, a macro) */
export function pythonJson(value: RuntimeValue, options: PythonJsonOptions): string {
  const { indent, ensureAscii, sortKeys } = options;
  const [itemSeparator, keySeparator] = options.separators ?? [indent === null ? ', ' : ',', ': '];
  const text = (value: string): string => {
    const json = JSON.stringify(value);
    return ensureAscii ? json.replaceAll(/[\u007f-\uffff]/g, escapeUnit) : json;
  };
  const wrap = (open: string, items: string[], close: string, depth: number): string => {
    if (indent === null || items.length === 0) return open + items.join(itemSeparator) + close;
    const outer = `\n${' '.repeat(indent * depth)}`;
    const inner = `${outer}${' '.repeat(indent)}`;
    return open + inner + items.join(itemSeparator + inner) + outer + close;
  };
  const write = (value: RuntimeValue, depth: number): string => {
    switch (value.type) {
      case 'NullValue':
      case 'UndefinedValue':
        return 'null';
      case 'BooleanValue':
        return String(value.value);
      case 'IntegerValue':
      case 'FloatValue':
        return pythonNumber(value.value as number, value.type === 'FloatValue');
      case 'StringValue':
        return text(value.value as string);
      case 'ArrayValue':
      case 'TupleValue': {
        const items = (value.value as RuntimeValue[]).map((item) => write(item, depth + 1));
        return wrap('[', items, ']', depth);
      }
      case 'ObjectValue':
      case 'KeywordArgumentsValue':
      case 'NamespaceValue': {
        const entries = [...(value.value as Map<string, RuntimeValue>)];
        if (sortKeys) entries.sort(([a], [b]) => compareCodePoints(a, b));
        const items = entries.map(([key, item]) => `${text(key)}${keySeparator}${write(item, depth + 1)}`);
        return wrap('{', items, '}', depth);
      }
      default:
        throw new Error(`expected a JSON value for tojson, got a ${value.type}`);
    }
  };
  return write(value, 0);
}

/** Python writes an exponent with two digits at least (1e-07), and from 1e16 on, where JavaScript begins at 1e21. */
export function pythonNumber(value: number, isFloat: boolean): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (!isFloat && Number.isSafeInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  const exponent = magnitude === 0 ? 0 : Number(magnitude.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 16) {
    const digits = String(value);
    return digits.includes('.') || !isFloat ? digits : `${digits}.0`;
  }
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Python orders strings by code points, JavaScript by UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
