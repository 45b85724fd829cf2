/** Operators that look along an axis: MEAN, SUM, SOFTMAX, RMS_NORM. */
import { elementCount } from '../graph/index.ts';
import { indicesOf } from './elementwise.ts';
import { axisOf, reduceShape } from './shape-rules.ts';
import { floats, floatTensor, type Precision, stridesOf, type Tensor } from './tensor.ts';

/** Sums over `axes`, each divided by the number of its elements when `mean`. */
export function reduce(
  x: Tensor,
  axes: readonly number[],
  keepDims: boolean,
  mean: boolean,
  precision: Precision,
): Tensor {
  const reduced = new Set(axes.map((axis) => axisOf(axis, x.shape.length)));
  const kept = reduceShape(x.shape, axes, true);
  const out = floatTensor(reduceShape(x.shape, axes, keepDims), precision);
  const strides = stridesOf(kept).map((stride, i) => (reduced.has(i) ? 0 : stride));
  const places = indicesOf(x.shape, strides, x.data.length);
  const sums = new Float64Array(out.data.length);
  const from = floats(x);
  for (let i = 0; i < from.length; i++) sums[places[i]!]! += from[i]!;
  const count = mean ? elementCount(x.shape) / elementCount(kept) : 1;
  for (let i = 0; i < sums.length; i++) out.data[i] = sums[i]! / count;
  return out;
}

/** exp(β·(x − max)) / Σ over the last axis. */
export function softmax(x: Tensor, beta: number, precision: Precision): Tensor {
  const out = floatTensor(x.shape, precision);
  const from = floats(x);
  const width = x.shape.at(-1) ?? 1;
  for (let row = 0; row < from.length; row += width) {
    const weights = softmaxRow(from.subarray(row, row + width), beta);
    out.data.set(weights, row);
  }
  return out;
}

/** One row of softmax, in double precision. */
export function softmaxRow(row: ArrayLike<number>, beta = 1): Float64Array {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) max = Math.max(max, row[i]!);
  const weights = Float64Array.from(row, (x) => Math.exp(beta * (x - max)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** RMS_NORM: x / √(mean(x²) + ε) · weight over the last axis; weight is one number or one per column. */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number, precision: Precision): Tensor {
  const out = floatTensor(x.shape, precision);
  const [from, gamma] = [floats(x), floats(weight)];
  const width = x.shape.at(-1) ?? 1;
  for (let row = 0; row < from.length; row += width) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += from[row + i]! ** 2;
    const root = 1 / Math.sqrt(squares / width + epsilon);
    for (let i = 0; i < width; i++)
      out.data[row + i] = from[row + i]! * root * gamma[gamma.length === 1 ? 0 : i]!;
  }
  return out;
}
