/** Types, shapes, and whether a tensor's data is what they say. */
import type { CircleBuffer, Model, Tensor } from '../index.ts';
import { enumName } from '../names.ts';
import { TensorType } from '../schema/generated/enums.ts';
import { blockOf, tensorTypeName } from '../tensor-type.ts';
import { hasData } from './dataflow.ts';
import type { Report } from './findings.ts';
import { checkQuantization } from './quantization.ts';
import { checkSparsity, storedElements } from './sparsity.ts';
import { StringChecker } from './strings.ts';

export function checkTensors(model: Model, report: Report): void {
  const strings = new StringChecker();
  const sentinel = model.buffers?.[0]?.data;
  if (sentinel && sentinel.byteLength > 0)
    report('BUFFER_SENTINEL', 'buffers[0]', `expected no data, got ${sentinel.byteLength} bytes`);
  model.subgraphs?.forEach((subgraph, g) => {
    const filled = new Set<number>(subgraph.inputs ?? []);
    for (const { outputs } of subgraph.operators ?? []) for (const index of outputs ?? []) filled.add(index);
    subgraph.tensors?.forEach((tensor, i) => {
      const path = `subgraphs[${g}].tensors[${i}]`;
      const buffer = model.buffers?.[tensor.buffer];
      const isSound = checkShape(tensor, filled.has(i), path, report);
      if (enumName('TensorType', tensor.type) === undefined)
        report('TENSOR_TYPE', `${path}.type`, `expected a type of the schema, got ${tensor.type}`);
      else if (isSound) checkData(tensor, buffer, path, strings, report);
      checkQuantization(tensor, subgraph.tensors!.length, path, report);
    });
  });
}

/**
 * An empty list as a constant (the axes of a SQUEEZE, the shape of a scalar) has a dimension of 0; a tensor that is
 * computed or handed in has none. A length that is open is 1 in `shape` and -1 in `shape_signature`.
 * @returns whether the elements can be counted
 */
function checkShape(tensor: Tensor, isFilled: boolean, path: string, report: Report): boolean {
  const shape = tensor.shape ?? [];
  const lowest = isFilled ? 1 : 0;
  const signature = tensor.shapeSignature;
  const wrong = shape.findIndex((dim) => dim < lowest);
  if (wrong >= 0)
    report(
      'TENSOR_SHAPE',
      `${path}.shape[${wrong}]`,
      `expected dimensions from ${lowest} for '${tensor.name ?? ''}', got ${show(shape)}`,
    );
  if (signature && signature.length > 0) {
    const fits =
      signature.length === shape.length && signature.every((dim, i) => dim === -1 || dim === shape[i]);
    if (!fits)
      report(
        'SHAPE_SIGNATURE',
        `${path}.shape_signature`,
        `expected ${show(shape)} with -1 for open lengths, got ${show(signature)}`,
      );
  }
  if (shape.some((dim) => dim < 0)) return false;
  const block = blockOf(tensor.type);
  if (block && block.elements > 2 && (shape.at(-1) ?? 1) % block.elements !== 0) {
    report(
      'TENSOR_SHAPE',
      `${path}.shape`,
      `expected a last dimension in blocks of ${block.elements} for ${tensorTypeName(tensor.type)}, got ${show(shape)}`,
    );
    return false;
  }
  // 16 bytes are the widest element.
  if (!shape.includes(0) && !Number.isSafeInteger(16 * countOf(shape))) {
    report(
      'TENSOR_SIZE',
      `${path}.shape`,
      `expected a tensor of less than 2^53 bytes, got ${show(shape)} of ${tensorTypeName(tensor.type)}`,
    );
    return false;
  }
  return wrong < 0;
}

const SHOWN = 12;

function show(shape: readonly number[]): string {
  return `[${shape.slice(0, SHOWN).join(', ')}${shape.length > SHOWN ? `, … ${shape.length} dimensions` : ''}]`;
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function checkData(
  tensor: Tensor,
  buffer: CircleBuffer | undefined,
  path: string,
  strings: StringChecker,
  report: Report,
): void {
  const shape = tensor.shape ?? [];
  if (tensor.sparsity && !checkSparsity(tensor.sparsity, shape, path, report)) return;
  if (!buffer || !hasData(tensor, buffer)) return;
  const data = buffer.data!;
  const where = `${path}.buffer`;
  if (tensor.isVariable)
    report('VARIABLE_DATA', where, `expected no data for a variable tensor, got ${data.byteLength} bytes`);
  const count = tensor.sparsity ? storedElements(tensor.sparsity) : countOf(shape);
  const name = `${tensorTypeName(tensor.type)}${show(shape)} '${tensor.name ?? ''}'`;
  if (tensor.type === TensorType.STRING) {
    const problem = strings.check(buffer, count);
    if (problem) report('DATA_STRINGS', where, `${problem} for ${name}`);
    return;
  }
  const { min, max } = bytesOf(tensor.type, count);
  const stored = tensor.sparsity ? ` in ${count} stored elements` : '';
  const wanted = min === max ? `${min} bytes` : `${min} to ${max} bytes`;
  if (data.byteLength < min || data.byteLength > max)
    report('DATA_SIZE', where, `expected ${wanted} for ${name}${stored}, got ${data.byteLength}`);
}

/** Microscaling formats: one scale byte for up to 32 elements along an axis, at least one for every 32 in all. */
const MX_BITS = new Map<TensorType, number>([
  [TensorType.MXFP4, 4],
  [TensorType.MXINT8, 8],
]);
const MX_BLOCK = 32;

/** How many bytes `count` elements take; 0 for types that have none (RESOURCE, VARIANT). */
function bytesOf(type: TensorType, count: number): { min: number; max: number } {
  const block = blockOf(type);
  if (block) {
    const bytes = Math.ceil(count / block.elements) * block.bytes;
    return { min: bytes, max: bytes };
  }
  const bits = MX_BITS.get(type);
  if (bits === undefined) return { min: 0, max: 0 };
  // Short rows may be padded to whole blocks of their own.
  return {
    min: Math.ceil((count * bits) / 8) + Math.ceil(count / MX_BLOCK),
    max: count * (1 + (MX_BLOCK * bits) / 8),
  };
}
