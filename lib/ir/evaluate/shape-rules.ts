/** Arithmetic of shapes, free of operators: what `shape.ts` declares and `evaluate` computes with. */
import { GgmaError } from '../../errors.ts';
import { elementCount } from '../graph/index.ts';
import { normalAxis } from '../match/index.ts';

type Shape = readonly number[];

/** One axis of a STRIDED_SLICE: `count` elements from `begin` in steps of `step`; `drop` takes the axis out. */
export interface AxisRange {
  begin: number;
  step: number;
  count: number;
  drop: boolean;
}

export function shapeError(message: string): GgmaError {
  return new GgmaError('SHAPE_INVALID', message);
}

/** The common shape of operands, aligned at the last axis; sizes must be equal or 1. */
export function broadcastShape(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    let size = 1;
    for (const shape of shapes) {
      const dim = shape[i - rank + shape.length] ?? 1;
      if (dim === 1) continue;
      if (size !== 1 && dim !== size) throw shapeError(`expected shapes that broadcast, got ${list(shapes)}`);
      size = dim;
    }
    return size;
  });
}

/** The shape that RESHAPE gives; one -1 stands for what is left of the elements. */
export function reshapeTo(from: Shape, target: Shape): number[] {
  const known = elementCount(target.filter((dim) => dim !== -1));
  const count = elementCount(from);
  const shape = target.map((dim) => (dim === -1 ? count / known : dim));
  const wild = target.length - target.filter((dim) => dim !== -1).length;
  if (wild > 1 || elementCount(shape) !== count || shape.some((dim) => !Number.isInteger(dim) || dim < 0))
    throw shapeError(`expected a shape of ${count} elements for ${list([from])}, got ${list([target])}`);
  return shape;
}

/** An axis of `rank`, counted from the end when negative. */
export function axisOf(axis: number, rank: number): number {
  const normal = normalAxis(axis, rank);
  if (!Number.isInteger(normal) || normal < 0 || normal >= Math.max(rank, 1))
    throw shapeError(`expected an axis of rank ${rank}, got ${axis}`);
  return normal;
}

export function transposeShape(shape: Shape, axes: readonly number[]): number[] {
  const sorted = axes.map((axis) => normalAxis(axis, shape.length)).sort((a, b) => a - b);
  if (sorted.length !== shape.length || sorted.some((axis, i) => axis !== i))
    throw shapeError(`expected a permutation of ${shape.length} axes, got ${list([axes])}`);
  return axes.map((axis) => shape[normalAxis(axis, shape.length)]!);
}

export function reduceShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  const reduced = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return shape.flatMap((dim, i) => (reduced.has(i) ? (keepDims ? [1] : []) : [dim]));
}

export function concatShape(shapes: readonly Shape[], axis: number): number[] {
  const [first] = shapes;
  if (!first) throw shapeError('expected at least one part to concatenate');
  const at = axisOf(axis, first.length);
  for (const shape of shapes) {
    const agrees = shape.length === first.length && shape.every((dim, i) => i === at || dim === first[i]);
    if (!agrees) throw shapeError(`expected parts that differ on axis ${at} only, got ${list(shapes)}`);
  }
  return first.map((dim, i) => (i === at ? shapes.reduce((sum, shape) => sum + shape[at]!, 0) : dim));
}

/** params[..., indices, ...]: the axis is replaced by the index tensor's axes behind the batch axes. */
export function gatherShape(params: Shape, indices: Shape, axis: number, batchDims: number): number[] {
  const at = axisOf(axis, params.length);
  const batches = normalAxis(batchDims, indices.length);
  if (batches > at || String(params.slice(0, batches)) !== String(indices.slice(0, batches)))
    throw shapeError(
      `expected ${batches} equal batch axes before axis ${at}, got ${list([params, indices])}`,
    );
  return [...params.slice(0, at), ...indices.slice(batches), ...params.slice(at + 1)];
}

/** [..., M, K] · [..., K, N], each side possibly given transposed. */
export function matmulShape(lhs: Shape, rhs: Shape, adjointLhs: boolean, adjointRhs: boolean): number[] {
  const matrix = (shape: Shape, adjoint: boolean) => {
    const [rows, cols] = shape.slice(-2);
    if (rows === undefined || cols === undefined)
      throw shapeError(`expected matrices, got ${list([lhs, rhs])}`);
    return adjoint ? [cols, rows] : [rows, cols];
  };
  const [m, k] = matrix(lhs, adjointLhs);
  const [inner, n] = matrix(rhs, adjointRhs);
  if (k !== inner) throw shapeError(`expected equal inner sizes of a product, got ${list([lhs, rhs])}`);
  return [...broadcastShape(lhs.slice(0, -2), rhs.slice(0, -2)), m!, n!];
}

/** x[..., in] · W[out, in]ᵀ; without `keepNumDims` the leading axes become one. */
export function connectedShape(x: Shape, weight: Shape, keepNumDims: boolean): number[] {
  const [out, input] = weight.slice(-2);
  const count = elementCount(x);
  if (weight.length < 2 || out === undefined || !input || count % input !== 0)
    throw shapeError(`expected weights [out, in] for ${list([x])}, got ${list([weight])}`);
  if (!keepNumDims) return [count / input, out];
  if (x.at(-1) !== input) throw shapeError(`expected rows of ${input}, got ${list([x])}`);
  return [...x.slice(0, -1), out];
}

export function broadcastTo(from: Shape, target: Shape): number[] {
  const shape = broadcastShape(from, target);
  if (String(shape) !== String(target))
    throw shapeError(`expected ${list([from])} to broadcast to ${list([target])}`);
  return shape;
}

export function squeezeShape(shape: Shape, dims: readonly number[]): number[] {
  const axes = new Set(dims.map((axis) => axisOf(axis, shape.length)));
  for (const axis of axes)
    if (shape[axis] !== 1)
      throw shapeError(`expected size 1 on axis ${axis} to squeeze, got ${list([shape])}`);
  return shape.filter((dim, i) => (axes.size > 0 ? !axes.has(i) : dim !== 1));
}

/** The ranges of a STRIDED_SLICE; bit i of a mask speaks of axis i. `offset`: ends are counted from the begin. */
export function sliceRanges(
  shape: Shape,
  bounds: { begin: readonly number[]; end: readonly number[]; strides: readonly number[] },
  masks: { beginMask: number; endMask: number; shrinkAxisMask: number; offset: boolean },
): AxisRange[] {
  return shape.map((size, i) => {
    const bit = 1 << i;
    const step = bounds.strides[i] ?? 1;
    if (step === 0) throw shapeError(`expected a step other than 0 on axis ${i}`);
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, low), high);
    const isWhole = i >= bounds.begin.length;
    const begin = isWhole || masks.beginMask & bit ? (step > 0 ? 0 : size - 1) : clamp(bounds.begin[i]!);
    if (!isWhole && masks.shrinkAxisMask & bit) return { begin, step, count: 1, drop: true };
    const endsWhole = isWhole || masks.endMask & bit;
    const stop = masks.offset ? begin + (bounds.end[i] ?? 0) : (bounds.end[i] ?? 0);
    const end = endsWhole ? (step > 0 ? size : -1) : clamp(stop);
    return { begin, step, count: Math.max(0, Math.ceil((end - begin) / step)), drop: false };
  });
}

export function rangesShape(ranges: readonly AxisRange[]): number[] {
  return ranges.filter(({ drop }) => !drop).map(({ count }) => count);
}

/** SLICE: size -1 means up to the end. */
export function sliceShape(shape: Shape, begin: readonly number[], size: readonly number[]): number[] {
  return shape.map((dim, i) => {
    const from = begin[i] ?? 0;
    const count = size[i] === -1 ? dim - from : (size[i] ?? dim);
    if (from < 0 || count < 0 || from + count > dim)
      throw shapeError(`expected a slice inside ${list([shape])}, got ${list([begin])} + ${list([size])}`);
    return count;
  });
}

function list(shapes: readonly Shape[]): string {
  return shapes.map((shape) => `[${shape.join(', ')}]`).join(', ');
}
