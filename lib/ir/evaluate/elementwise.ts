/** Operators that work element by element, broadcast as TFLite does. Integers are computed exactly. */
import { ActivationFunctionType, TensorType, tensorTypeName } from '../../circle/index.ts';
import { elementCount } from '../graph/index.ts';
import { broadcastShape } from './shape-rules.ts';
import {
  allocate,
  type FloatData,
  floats,
  floatTensor,
  type Precision,
  stridesOf,
  type Tensor,
  Unsupported,
} from './tensor.ts';

/** A binary operator on floats and, when it has one, on integers. */
export interface Arithmetic {
  float: (a: number, b: number) => number;
  integer?: (a: bigint, b: bigint) => bigint;
}

type Comparable = number | bigint;

/** The result has the precision that the operand is stored in. */
export function unary(x: Tensor, f: (x: number) => number): Tensor {
  // map with a built-in such as Math.cos runs no interpreted code, which makes the first use, cos and sin of many
  // positions while a model loads, several times faster than a loop.
  return { type: TensorType.FLOAT32, shape: x.shape, data: floats(x).map(f) };
}

export function binary(a: Tensor, b: Tensor, precision: Precision, f: Arithmetic): Tensor {
  const shape = broadcastShape(a.shape, b.shape);
  if (a.type === TensorType.FLOAT32) return binaryFloats(a, b, shape, precision, f.float);
  const [ia, ib] = [sourceIndices(a.shape, shape), sourceIndices(b.shape, shape)];
  if (!f.integer || a.type !== b.type)
    throw new Unsupported(`${tensorTypeName(a.type)} and ${tensorTypeName(b.type)}`);
  const [x, y] = [bigints(a), bigints(b)];
  const results = Array.from({ length: elementCount(shape) }, (_, i) =>
    f.integer!(x[ia ? ia[i]! : i]!, y[ib ? ib[i]! : i]!),
  );
  return fromBigints(a.type, shape, results, precision);
}

function binaryFloats(
  a: Tensor,
  b: Tensor,
  shape: readonly number[],
  precision: Precision,
  f: (a: number, b: number) => number,
): Tensor {
  const [x, y] = [floats(a), floats(b)];
  const out = floatTensor(shape, precision);
  const count = out.data.length;
  if (y.length === 1 && x.length === count) {
    const scalar = y[0]!;
    for (let i = 0; i < count; i++) out.data[i] = f(x[i]!, scalar);
    return out;
  }
  const [ia, ib] = [sourceIndices(a.shape, shape), sourceIndices(b.shape, shape)];
  for (let i = 0; i < count; i++) out.data[i] = f(x[ia ? ia[i]! : i]!, y[ib ? ib[i]! : i]!);
  return out;
}

/** BOOL of a relation between two tensors of one type. */
export function compare(a: Tensor, b: Tensor, f: (a: Comparable, b: Comparable) => boolean): Tensor {
  const shape = broadcastShape(a.shape, b.shape);
  const [ia, ib] = [sourceIndices(a.shape, shape), sourceIndices(b.shape, shape)];
  const [x, y] = [a.data as ArrayLike<Comparable>, b.data as ArrayLike<Comparable>];
  const data = new Uint8Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = f(x[ia ? ia[i]! : i]!, y[ib ? ib[i]! : i]!) ? 1 : 0;
  return { type: TensorType.BOOL, shape, data };
}

/** condition ? yes : no */
export function select(condition: Tensor, yes: Tensor, no: Tensor, precision: Precision): Tensor {
  const shape = broadcastShape(condition.shape, yes.shape, no.shape);
  const [ic, iy, in_] = [condition, yes, no].map((t) => sourceIndices(t.shape, shape));
  const data = allocate(yes.type, elementCount(shape), precision);
  const [out, y, n] = [data, yes.data, no.data] as [FloatData, FloatData, FloatData];
  for (let i = 0; i < data.length; i++)
    out[i] = condition.data[ic ? ic[i]! : i] ? y[iy ? iy[i]! : i]! : n[in_ ? in_[i]! : i]!;
  return { type: yes.type, shape, data };
}

/** Floats are cut towards zero; BOOL is whether the element is not zero. */
export function cast(x: Tensor, type: TensorType, precision: Precision): Tensor {
  const data = allocate(type, elementCount(x.shape), precision);
  if (data instanceof BigInt64Array) {
    for (let i = 0; i < data.length; i++) data[i] = toBigint(x.data[i]!);
  } else {
    const isBool = type === TensorType.BOOL;
    const isFloat = type === TensorType.FLOAT32;
    for (let i = 0; i < data.length; i++) {
      const value = Number(x.data[i]!);
      data[i] = isBool ? (value === 0 ? 0 : 1) : isFloat ? value : Math.trunc(value);
    }
  }
  return { type, shape: x.shape, data };
}

/** The activation that ADD, MUL, FULLY_CONNECTED and others may carry. */
export function activated(x: Tensor, activation: ActivationFunctionType): Tensor {
  switch (activation) {
    case ActivationFunctionType.NONE:
      return x;
    case ActivationFunctionType.RELU:
      return unary(x, (v) => Math.max(v, 0));
    case ActivationFunctionType.RELU6:
      return unary(x, (v) => Math.min(Math.max(v, 0), 6));
    case ActivationFunctionType.RELU_N1_TO_1:
      return unary(x, (v) => Math.min(Math.max(v, -1), 1));
    case ActivationFunctionType.TANH:
      return unary(x, Math.tanh);
    default:
      throw new Unsupported(`the fused activation ${ActivationFunctionType[activation] ?? activation}`);
  }
}

/** For each element of `to` the flat index in a tensor of shape `from`; null when both are one shape. */
export function sourceIndices(from: readonly number[], to: readonly number[]): Int32Array | null {
  const count = elementCount(to);
  const padded = [...new Array<number>(to.length - from.length).fill(1), ...from];
  if (padded.every((dim, i) => dim === to[i])) return null;
  const strides = stridesOf(padded).map((stride, i) => (padded[i] === 1 ? 0 : stride));
  return indicesOf(to, strides, count);
}

/** Flat indices of a walk over `shape` whose axes move by `strides`, from `start`. */
export function indicesOf(
  shape: readonly number[],
  strides: readonly number[],
  count: number,
  start = 0,
): Int32Array {
  const indices = new Int32Array(count);
  if (count === 0) return indices;
  // Axis by axis from the outside: each pass repeats the block of the axes inside it.
  indices[0] = start;
  let filled = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [size, stride] = [shape[axis]!, strides[axis]!];
    for (let k = 1; k < size; k++)
      for (let i = 0; i < filled; i++) indices[k * filled + i] = indices[i]! + k * stride;
    filled *= size;
  }
  return indices;
}

function bigints(tensor: Tensor): bigint[] {
  return Array.from(tensor.data as ArrayLike<Comparable>, toBigint);
}

function toBigint(value: Comparable): bigint {
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
}

/** Stores integers with the wrap-around of their type. */
function fromBigints(type: TensorType, shape: number[], list: bigint[], precision: Precision): Tensor {
  const data = allocate(type, list.length, precision);
  if (data instanceof BigInt64Array) for (let i = 0; i < list.length; i++) data[i] = list[i]!;
  else for (let i = 0; i < list.length; i++) data[i] = Number(BigInt.asIntN(32, list[i]!));
  return { type, shape, data };
}
