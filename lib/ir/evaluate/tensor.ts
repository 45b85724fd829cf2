/** Values while a graph is evaluated: typed arrays with a shape, and the precision that floats are stored in. */
import { TensorType, tensorByteLength, tensorTypeName } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import type { Value } from '../graph/index.ts';
import { bytesOf, elementCount, isDense } from '../graph/index.ts';
import { isNarrow, widen } from './widen.ts';

export type Precision = 'f32' | 'f64';
export type FloatData = Float32Array | Float64Array;
export type TensorData = FloatData | Int32Array | BigInt64Array | Uint8Array;

/** Row-major. FLOAT32 is held in Float64Array while evaluating in f64; BOOL and UINT8 in Uint8Array. */
export interface Tensor {
  type: TensorType;
  shape: readonly number[];
  data: TensorData;
}

/** An operator, a form of it or a type that the interpreter does not know; `located` adds where it stands. */
export class Unsupported extends GgmaError {
  constructor(what: string) {
    super('EVALUATE_UNSUPPORTED', `expected what the interpreter knows, got ${what}`);
  }
}

/** Room for `count` elements of a type. */
export function allocate(type: TensorType, count: number, precision: Precision): TensorData {
  switch (type) {
    case TensorType.FLOAT32:
      return precision === 'f64' ? new Float64Array(count) : new Float32Array(count);
    case TensorType.INT32:
      return new Int32Array(count);
    case TensorType.INT64:
      return new BigInt64Array(count);
    case TensorType.BOOL:
    case TensorType.UINT8:
      return new Uint8Array(count);
    default:
      throw new Unsupported(`tensors of type ${tensorTypeName(type)}`);
  }
}

/** A FLOAT32 tensor of zeros; storing an element rounds it in f32. */
export function floatTensor(shape: readonly number[], precision: Precision): Tensor & { data: FloatData } {
  const count = elementCount(shape);
  const data = precision === 'f64' ? new Float64Array(count) : new Float32Array(count);
  return { type: TensorType.FLOAT32, shape, data };
}

/** Room for as many elements of the same kind. */
export function likeData(data: TensorData, count: number): TensorData {
  if (data instanceof Float32Array) return new Float32Array(count);
  if (data instanceof Float64Array) return new Float64Array(count);
  if (data instanceof Int32Array) return new Int32Array(count);
  if (data instanceof BigInt64Array) return new BigInt64Array(count);
  return new Uint8Array(count);
}

/** Copies elements [from, to) of `source` to `target` at `at`; both are arrays of the same kind. */
export function copyRange(
  target: TensorData,
  at: number,
  source: TensorData,
  from: number,
  to: number,
): void {
  // TypeScript sees no common `set` of the five kinds; the callers made `target` with likeData(source).
  (target as Float32Array).set(source.subarray(from, to) as Float32Array, at);
}

/** Elements of `tensor` picked by flat index: the one way in which layout operators move data. */
export function take(tensor: Tensor, indices: Int32Array, shape: readonly number[]): Tensor {
  const data = likeData(tensor.data, indices.length);
  if (tensor.data instanceof BigInt64Array && data instanceof BigInt64Array) {
    for (let i = 0; i < indices.length; i++) data[i] = tensor.data[indices[i]!]!;
  } else {
    const [from, to] = [tensor.data as FloatData, data as FloatData];
    for (let i = 0; i < indices.length; i++) to[i] = from[indices[i]!]!;
  }
  return { type: tensor.type, shape, data };
}

/** The elements as floats; @throws Unsupported for other types. */
export function floats(tensor: Tensor): FloatData {
  if (tensor.data instanceof Float32Array || tensor.data instanceof Float64Array) return tensor.data;
  throw new Unsupported(`${tensorTypeName(tensor.type)} where FLOAT32 is expected`);
}

/** The elements as JavaScript numbers: ids, axes, shapes. */
export function numbers(tensor: Tensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** Distance in elements between neighbours of each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/**
 * The contents of a constant; narrow floats and GGML blocks as FLOAT32. Its bytes may lie anywhere in the file, so
 * they are copied to be aligned.
 */
export function constantTensor(value: Value, precision: Precision): Tensor {
  if (!isDense(value)) throw new Unsupported(`the sparse or compressed constant '${value.name}'`);
  const bytes = bytesOf(value)!;
  const { type, shape } = value;
  const count = elementCount(shape);
  const exact = isNarrow(type) ? null : allocate(type, count, 'f32');
  const need = exact ? exact.byteLength : tensorByteLength(type, shape);
  if (bytes.byteLength < need)
    throw new GgmaError(
      'CIRCLE_INVALID',
      `expected ${need} bytes for '${value.name}' [${shape.join(', ')}], got ${bytes.byteLength}`,
    );
  if (!exact)
    return withPrecision({ type: TensorType.FLOAT32, shape, data: widen(type, bytes, count) }, precision);
  new Uint8Array(exact.buffer).set(bytes.subarray(0, need));
  return withPrecision({ type, shape, data: exact }, precision);
}

/** The tensor with its floats stored in the given precision. */
export function withPrecision(tensor: Tensor, precision: Precision): Tensor {
  if (precision === 'f64' && tensor.data instanceof Float32Array)
    return { ...tensor, data: Float64Array.from(tensor.data) };
  if (precision === 'f32' && tensor.data instanceof Float64Array)
    return { ...tensor, data: Float32Array.from(tensor.data) };
  return tensor;
}
