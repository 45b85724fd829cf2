/**
 * A model as JSON, complete: every field of every table under its name in the schema (schema/circle.fbs), in the
 * schema's order. Three conventions: enums and unions are names (numbers where the schema has no name); what the file
 * does not have is null; the data of a buffer is `{"bytes": n, "sha256": "…"}`, wherever in the file it lies. 64-bit
 * integers are plain JSON integers; NaN and infinities are strings, a NaN with other bits than usual `"NaN(7fc00001)"`.
 */
import { enumName } from './names.ts';
import { float32Text, hashOf } from './print/index.ts';
import type { Model } from './schema/generated/types.ts';
import { type Field, tableOf, unionMember } from './schema.ts';
import type { ByteSource } from './source.ts';

type TableContent = Record<string, unknown>;

/** Tables up to this width stand on one line. */
const WIDTH = 100;

/** The JSON text in pieces; equal models give equal texts. Constants are read one at a time. */
export function* dumpModel(model: Model): Generator<string> {
  const content = model as unknown as TableContent;
  yield '{';
  for (const [i, field] of tableOf('Model').fields.entries()) {
    yield `${i > 0 ? ',' : ''}\n  ${JSON.stringify(field.name)}: `;
    const items = content[field.key];
    if (field.kind !== 'table' || !Array.isArray(items) || items.length === 0)
      yield valueText(field, content, '  ');
    else {
      for (const [k, item] of items.entries())
        yield `${k > 0 ? ',' : '['}\n    ${tableText(field.type, item as TableContent, '    ')}`;
      yield '\n  ]';
    }
  }
  yield '\n}\n';
}

function tableText(name: string, content: TableContent, indent: string): string {
  if (name === 'Buffer') return `{"data": ${dataText(content.data as ByteSource | null)}}`;
  const inner = `${indent}  `;
  const fields = tableOf(name).fields.filter(({ key, deprecated }) => !deprecated || key in content);
  return bracketed(
    '{}',
    fields.map((field) => `${JSON.stringify(field.name)}: ${valueText(field, content, inner)}`),
    indent,
  );
}

/** On one line where that is short. */
function bracketed([open, close]: string, parts: readonly string[], indent: string): string {
  const line = `${open}${parts.join(', ')}${close}`;
  if (line.length <= WIDTH && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${indent}  ${part}`).join(',\n')}\n${indent}${close}`;
}

function valueText(field: Field, content: TableContent, indent: string): string {
  const item = content[field.key];
  if (item === null || item === undefined) return 'null';
  if (field.kind === 'table' && field.vector)
    return bracketed(
      '[]',
      (item as TableContent[]).map((entry) => tableText(field.type, entry, `${indent}  `)),
      indent,
    );
  if (field.kind === 'table') return tableText(field.type, item as TableContent, indent);
  if (field.kind === 'union') {
    const member = unionMember(field.type, content[`${field.key}Type`] as number)!;
    return tableText(member, item as TableContent, indent);
  }
  if (!field.vector) return scalarText(field, item);
  // The bits, where there are bits: a NaN's payload does not survive a number.
  const bits =
    item instanceof Float32Array ? new Uint32Array(item.buffer, item.byteOffset, item.length) : null;
  const texts = Array.from(item as ArrayLike<unknown>, (entry, i) => scalarText(field, entry, bits?.[i]));
  return `[${texts.join(', ')}]`;
}

function scalarText(field: Field, item: unknown, bits?: number): string {
  if (field.kind === 'string') return JSON.stringify(item);
  if (field.enum !== '') {
    const name = enumName(field.enum, item as number);
    return name === undefined ? `${item}` : JSON.stringify(name);
  }
  return field.scalar === 'f32' ? floatText(item as number, bits) : `${item}`;
}

const USUAL_NAN = 0x7fc00000;

function floatText(value: number, bits = USUAL_NAN): string {
  if (Number.isFinite(value)) return float32Text(value);
  if (Number.isNaN(value)) return bits === USUAL_NAN ? '"NaN"' : `"NaN(${bits.toString(16)})"`;
  return value > 0 ? '"Infinity"' : '"-Infinity"';
}

function dataText(data: ByteSource | null): string {
  if (data === null) return 'null';
  const bytes = data instanceof Uint8Array ? data : data.read();
  return `{"bytes": ${bytes.byteLength}, "sha256": "${hashOf(bytes)}"}`;
}
