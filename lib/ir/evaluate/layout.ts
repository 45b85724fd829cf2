/** Operators that only move elements: each is a list of flat indices to take. */
import { elementCount } from '../graph/index.ts';
import { indicesOf, sourceIndices } from './elementwise.ts';
import * as rules from './shape-rules.ts';
import { copyRange, likeData, numbers, stridesOf, type Tensor, take, Unsupported } from './tensor.ts';

export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  return { type: x.type, shape: rules.reshapeTo(x.shape, shape), data: x.data };
}

export function transpose(x: Tensor, axes: readonly number[]): Tensor {
  const shape = rules.transposeShape(x.shape, axes);
  // Axes of size 1 may go anywhere: the elements stay in order.
  const long = axes.map((axis) => rules.axisOf(axis, axes.length)).filter((axis) => x.shape[axis] !== 1);
  if (long.every((axis, i) => i === 0 || long[i - 1]! < axis)) return { ...x, shape };
  const strides = stridesOf(x.shape);
  const moved = axes.map((axis) => strides[axis < 0 ? axis + axes.length : axis]!);
  return take(x, indicesOf(shape, moved, x.data.length), shape);
}

export function broadcastTo(x: Tensor, target: readonly number[]): Tensor {
  const shape = rules.broadcastTo(x.shape, target);
  const indices = sourceIndices(x.shape, shape);
  return indices ? take(x, indices, shape) : { ...x, shape };
}

/** STRIDED_SLICE, SLICE, SPLIT: a range on every axis. */
export function slice(x: Tensor, ranges: readonly rules.AxisRange[]): Tensor {
  const strides = stridesOf(x.shape);
  const counts = ranges.map(({ count }) => count);
  const steps = ranges.map(({ step }, i) => step * strides[i]!);
  const start = ranges.reduce((sum, { begin }, i) => sum + begin * strides[i]!, 0);
  return take(x, indicesOf(counts, steps, elementCount(counts), start), rules.rangesShape(ranges));
}

export function sliceFrom(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  const counts = rules.sliceShape(x.shape, begin, size);
  return slice(
    x,
    counts.map((count, i) => ({ begin: begin[i] ?? 0, step: 1, count, drop: false })),
  );
}

export function split(x: Tensor, axis: number, parts: number): Tensor[] {
  const at = rules.axisOf(axis, x.shape.length);
  const count = x.shape[at]! / parts;
  if (!Number.isInteger(count))
    throw rules.shapeError(`expected ${parts} equal parts of size ${x.shape[at]}`);
  return Array.from({ length: parts }, (_, part) =>
    slice(
      x,
      x.shape.map((dim, i) => ({
        begin: i === at ? part * count : 0,
        step: 1,
        count: i === at ? count : dim,
        drop: false,
      })),
    ),
  );
}

export function concatenate(parts: readonly Tensor[], axis: number): Tensor {
  const shape = rules.concatShape(
    parts.map((part) => part.shape),
    axis,
  );
  const at = rules.axisOf(axis, shape.length);
  const inner = elementCount(shape.slice(at));
  const outer = elementCount(shape.slice(0, at));
  const first = parts[0]!;
  const data = likeData(first.data, elementCount(shape));
  let offset = 0;
  for (const part of parts) {
    if (part.type !== first.type) throw new Unsupported('parts of different types');
    const block = elementCount(part.shape.slice(at));
    for (let i = 0; i < outer; i++)
      copyRange(data, i * inner + offset, part.data, i * block, (i + 1) * block);
    offset += block;
  }
  return { type: first.type, shape, data };
}

export function expandDims(x: Tensor, axis: number): Tensor {
  const at = rules.axisOf(axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

export function pack(parts: readonly Tensor[], axis: number): Tensor {
  const at = rules.axisOf(axis, parts[0]!.shape.length + 1);
  return concatenate(
    parts.map((part) => expandDims(part, at)),
    at,
  );
}

export function squeeze(x: Tensor, dims: readonly number[]): Tensor {
  return reshape(x, rules.squeezeShape(x.shape, dims));
}

/** params[batch, outer, axis, inner] and indices[batch, many] → [batch, outer, many, inner]. */
export function gather(params: Tensor, indices: Tensor, axis: number, batchDims: number): Tensor {
  const at = rules.axisOf(axis, params.shape.length);
  const shape = rules.gatherShape(params.shape, indices.shape, at, batchDims);
  const batchAxes = batchDims < 0 ? batchDims + indices.shape.length : batchDims;
  const batch = elementCount(params.shape.slice(0, batchAxes));
  const outer = elementCount(params.shape.slice(batchAxes, at));
  const inner = elementCount(params.shape.slice(at + 1));
  const size = params.shape[at]!;
  const ids = numbers(indices);
  const many = ids.length / batch;
  const data = likeData(params.data, elementCount(shape));
  let to = 0;
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < many; j++, to += inner) {
        const id = ids[b * many + j]!;
        if (id < 0 || id >= size) throw rules.shapeError(`expected an index below ${size}, got ${id}`);
        const from = ((b * outer + o) * size + id) * inner;
        copyRange(data, to, params.data, from, from + inner);
      }
    }
  }
  return { type: params.type, shape, data };
}
