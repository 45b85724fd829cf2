/** What a page shows of a large constant instead of its elements. */
import { type TensorType, tensorByteLength } from '../circle/index.ts';
import { elementCount } from '../ir/graph/index.ts';
import type { Statistics } from './data.ts';
import { isNumeric, visitElements } from './elements.ts';

const BINS = 32;
/** Constants of at most so many elements are shown in full. */
const SHOWN = 16;
/** Significant digits; more would only make pages larger. */
const DIGITS = 6;

/**
 * The elements in a few numbers. The result is undefined for types that are not numbers (strings, …), for no elements,
 * and for data shorter than the shape says, because people use pages to look at broken files too.
 */
export function statisticsOf(
  type: TensorType,
  shape: readonly number[],
  bytes: Uint8Array,
): Statistics | undefined {
  const count = wholeCount(type, shape, bytes);
  if (count === undefined || count === 0) return undefined;
  let [finite, zeros, sum, min, max] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  visitElements(type, bytes, count, (elements) => {
    for (const x of elements) {
      if (!Number.isFinite(x)) continue;
      finite++;
      sum += x;
      if (x === 0) zeros++;
      if (x < min) min = x;
      if (x > max) max = x;
    }
  });
  if (finite === 0) [min, max] = [0, 0];
  const mean = finite === 0 ? 0 : sum / finite;
  const histogram = new Array<number>(max > min ? BINS : 1).fill(0);
  // Halved, because max − min overflows for a mask of −3.4e38 and its like in float64.
  const scale = max > min ? BINS / (max / 2 - min / 2) : 0;
  let squares = 0;
  visitElements(type, bytes, count, (elements) => {
    for (const x of elements) {
      if (!Number.isFinite(x)) continue;
      squares += (x - mean) * (x - mean);
      histogram[Math.min(histogram.length - 1, Math.floor((x / 2 - min / 2) * scale))]! += 1;
    }
  });
  return {
    count,
    nonFinite: count - finite,
    zeros,
    min: short(min),
    max: short(max),
    mean: finiteShort(mean),
    std: finiteShort(finite === 0 ? 0 : Math.sqrt(squares / finite)),
    histogram,
  };
}

/** All elements of a small constant, e.g. "1, 16, 30, 4", or undefined for a large one. */
export function valuesOf(type: TensorType, shape: readonly number[], bytes: Uint8Array): string | undefined {
  const count = wholeCount(type, shape, bytes);
  if (count === undefined || count === 0 || count > SHOWN) return undefined;
  const texts: string[] = [];
  visitElements(type, bytes, count, (elements) => {
    for (const x of elements) texts.push(String(short(x)));
  });
  return texts.join(', ');
}

function wholeCount(type: TensorType, shape: readonly number[], bytes: Uint8Array): number | undefined {
  if (!isNumeric(type)) return undefined;
  try {
    return tensorByteLength(type, shape) <= bytes.byteLength ? elementCount(shape) : undefined;
  } catch {
    return undefined; // a shape that no tensor can have
  }
}

/** JSON has no infinity, which sums of very large float64 elements can reach. */
function finiteShort(x: number): number {
  return short(Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x)));
}

function short(x: number): number {
  return Number.isSafeInteger(x) ? x : Number(x.toPrecision(DIGITS));
}
