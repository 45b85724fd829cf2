/** Operators and tensors in words: what the boxes and the side panel of a page show. */
import { enumName, operatorName, tensorTypeName } from '../circle/index.ts';
import type { Op, Value } from '../ir/graph/index.ts';
import type { Row } from './data.ts';

/** ADD; for a custom operator, its own name. */
export function titleOf(op: Op): string {
  return op.opcode.customCode ?? operatorName(op.code);
}

/** 1×16×30×4, or scalar; `?` stands for a size that is known only at run time. */
export function shapeText(value: Value): string {
  const declared = value.attributes.shapeSignature ?? [];
  const dims = value.shape.map((dim, i) => (declared[i] === -1 ? '?' : String(dim)));
  return dims.length === 0 ? 'scalar' : dims.join('×');
}

/** FLOAT32 1×16×30×4 */
export function typeText(value: Value): string {
  return `${tensorTypeName(value.type)} ${shapeText(value)}`;
}

/** The last part of a name that says where in a program it comes from: `torch…Linear::linear_56` → linear_56. */
export function shortName(name: string): string {
  const last = name.slice(name.lastIndexOf('::') + 1).replace(/^:/, '');
  return last === '' ? name : last;
}

/** Enums among the fields of option tables, by the field's name. */
const ENUM_FIELDS: readonly [pattern: RegExp, enumeration: string][] = [
  [/^fusedActivationFunction$/, 'ActivationFunctionType'],
  [/^padding$/, 'Padding'],
  [/^mode$/, 'MirrorPadMode'],
  [/(^type|DataType|^outType|^outputType|^idxOutType)$/, 'TensorType'],
  [/^weightsFormat$/, 'FullyConnectedOptionsWeightsFormat'],
];
const MAX_ITEMS = 32;

/** The fields of an operator's options, in the order of the schema. */
export function optionRows(op: Op): Row[] {
  const { builtinOptions, builtinOptions2, customOptions } = op.attributes;
  const rows: Row[] = [];
  for (const options of [builtinOptions, builtinOptions2])
    for (const [field, content] of Object.entries(options ?? {}))
      rows.push([field, fieldText(field, content)]);
  if (customOptions !== null && customOptions.length > 0)
    rows.push(['custom options', `${customOptions.length} bytes`]);
  for (const { field, graphs } of op.graphReferences)
    rows.push([field, graphs.map(({ name }) => name || '(unnamed)').join(', ')]);
  return op.graphReferences.length === 0 ? rows : lastOfEach(rows);
}

/** References to graphs are shown by the names of the graphs, which come last, instead of by their numbers. */
function lastOfEach(rows: Row[]): Row[] {
  return [...new Map(rows)];
}

function fieldText(field: string, content: unknown): string {
  if (content === null) return 'none';
  if (typeof content === 'number') {
    const found = ENUM_FIELDS.find(([pattern]) => pattern.test(field));
    const name = found && enumName(found[1], content);
    return name ?? String(Object.is(content, -0) ? '-0' : content);
  }
  if (Array.isArray(content) || ArrayBuffer.isView(content)) {
    const list = Array.from(content as ArrayLike<unknown>);
    const shown = list.slice(0, MAX_ITEMS).map((item) => fieldText(field, item));
    return `[${shown.join(', ')}${list.length > MAX_ITEMS ? `, … ${list.length} in all` : ''}]`;
  }
  if (typeof content === 'object') {
    const fields = Object.entries(content).map(([name, inner]) => `${name}: ${fieldText(name, inner)}`);
    return `{${fields.join(', ')}}`;
  }
  return String(content);
}

/** The fused activation, which changes what the operator computes; undefined for none. */
export function activationOf(op: Op): string | undefined {
  const options = op.attributes.builtinOptions as { fusedActivationFunction?: number } | null;
  const code = options?.fusedActivationFunction ?? 0;
  return code === 0 ? undefined : (enumName('ActivationFunctionType', code) ?? `activation ${code}`);
}

const PORTS: Readonly<Record<string, readonly string[]>> = {
  FULLY_CONNECTED: ['input', 'weights', 'bias'],
  GATHER: ['params', 'indices'],
  RESHAPE: ['input', 'shape'],
  TRANSPOSE: ['input', 'permutation'],
  BATCH_MATMUL: ['left', 'right'],
  STRIDED_SLICE: ['input', 'begin', 'end', 'strides'],
  MEAN: ['input', 'axes'],
  RMS_NORM: ['input', 'weights', 'bias'],
  ATTENTION: [
    'input',
    'wq',
    'wk',
    'wv',
    'wo',
    'cos',
    'sin',
    'mask',
    'key cache',
    'value cache',
    'cache position',
  ],
};

/** What input i is for. */
export function portName(op: Op, i: number): string {
  return PORTS[titleOf(op)]?.[i] ?? String(i);
}
