/** Operators, tensors and constants as comparable text. */
import { elementsOf, enumName, operatorName, tensorTypeName } from '../../circle/index.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { bytesOf } from '../graph/index.ts';

/** Operator and version, without its options. */
export function opName(op: Op): string {
  const { customCode, version } = op.opcode;
  return `${customCode ?? operatorName(op.code)}${version === 1 ? '' : ` version ${version}`}`;
}

/** Options as text; an absent and an empty vector mean the same. */
export function optionsText(op: Op): string {
  const { customOptions, customOptionsFormat, mutatingVariableInputs } = op.attributes;
  const parts = [
    unionText('BuiltinOptions', op.attributes.builtinOptionsType, op.attributes.builtinOptions),
    unionText('BuiltinOptions2', op.attributes.builtinOptions2Type, op.attributes.builtinOptions2),
    customOptions?.length ? `custom options (format ${customOptionsFormat}) ${json(customOptions)}` : '',
    mutatingVariableInputs?.some(Boolean) ? `mutating inputs ${json(mutatingVariableInputs)}` : '',
  ].filter((part) => part !== '');
  return parts.join(' ') || 'no options';
}

function unionText(union: string, code: number, value: object | null): string {
  return code === 0 ? '' : `${enumName(union, code) ?? code} ${json(value)}`;
}

/** Type, shape, and everything else that changes how the tensor is read (quantisation, sparsity, …). */
export function typeText({ type, shape, attributes }: Value): string {
  const { quantization, sparsity, isVariable, shapeSignature, variantTensors, compressionType } = attributes;
  const rest = {
    ...(quantization && { quantization }),
    ...(sparsity && { sparsity }),
    ...(isVariable && { isVariable }),
    ...(shapeSignature?.length && { shapeSignature }),
    ...(variantTensors?.length && { variantTensors }),
    ...(compressionType !== 0 && { compressionType }),
  };
  const text = Object.keys(rest).length > 0 ? ` ${json(rest)}` : '';
  return `${tensorTypeName(type)}[${shape.join(', ')}]${text}`;
}

/** Where a value comes from: `input 2`, `constant`, `ADD`, `nothing`. */
export function sourceText(value: Value | null, graph: Graph): string {
  if (value === null) return 'nothing (-1)';
  const place = graph.inputs.indexOf(value);
  const source = value.producer
    ? opName(value.producer)
    : place >= 0
      ? `input ${place}`
      : value.isConstant
        ? 'a constant'
        : 'no producer';
  return `'${value.name}' (${source})`;
}

/** What differs between two constants; undefined for equal bytes. */
export function constantsDiffer(a: Value, b: Value): { message: string; maxDifference?: number } | undefined {
  const [left, right] = [bytesOf(a)!, bytesOf(b)!];
  if (Buffer.compare(left, right) === 0) return undefined;
  if (left.byteLength !== right.byteLength)
    return { message: `${left.byteLength} bytes against ${right.byteLength}` };
  const [x, y] = [elementsOf(a.type, left), elementsOf(b.type, right)];
  if (a.type !== b.type || !x || !y) return { message: `other bytes in ${left.byteLength}` };
  let [max, count] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    if (Object.is(x[i], y[i])) continue;
    count++;
    const difference = Math.abs(Number(x[i]) - Number(y[i]));
    // NaN against a number, and the two infinities, have no difference that is a number: they count as infinitely far.
    max = Math.max(max, Number.isNaN(difference) ? Infinity : difference);
  }
  return {
    message: `${count} of ${x.length} elements, max |a − b| ${Number(max.toPrecision(3))}`,
    maxDifference: max,
  };
}

/** JSON with typed arrays as lists, and bigints and numbers that JSON does not have as text. */
export function json(data: unknown): string {
  return JSON.stringify(data, (_key, item) => {
    if (typeof item === 'bigint') return `${item}`;
    if (ArrayBuffer.isView(item))
      return Array.from(item as Uint8Array, (n) => (Number.isFinite(n) ? n : `${n}`));
    return typeof item === 'number' && !Number.isFinite(item) ? `${item}` : item;
  });
}

/** The operator without the numbers of the subgraphs that it runs: numbers of one file mean nothing in another. */
export function withoutGraphs(op: Op): Op {
  if (op.graphReferences.length === 0) return op;
  const copy = Object.assign(Object.create(Object.getPrototypeOf(op) as object), op) as Op;
  const attributes = { ...op.attributes };
  for (const { holder, field } of op.graphReferences)
    Object.assign(attributes, { [holder]: { ...attributes[holder], [field]: null } });
  return Object.assign(copy, { attributes });
}
