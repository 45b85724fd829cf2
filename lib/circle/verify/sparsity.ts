/**
 * Sparse tensors: dimensions are stored in `traversal_order`, first those of the tensor (in blocks where `block_map`
 * says so), then those within a block. A dense dimension multiplies the number of stored elements; a compressed one
 * (SPARSE_CSR) lists, for each element so far, a segment of indices.
 */
import type { DimensionMetadata, SparsityParameters } from '../index.ts';
import { DimensionType } from '../schema/generated/enums.ts';
import type { Report } from './findings.ts';

/** @returns whether the format describes a tensor of that shape */
export function checkSparsity(
  sparsity: SparsityParameters,
  shape: readonly number[],
  path: string,
  report: Report,
): boolean {
  const problem = problemOf(sparsity, shape);
  if (problem) report('SPARSITY', `${path}.sparsity.${problem.field}`, problem.message);
  return problem === undefined;
}

/** How many elements the buffer holds. Only for a format that `checkSparsity` has accepted. */
export function storedElements({ dimMetadata }: SparsityParameters): number {
  let count = 1;
  for (const dimension of dimMetadata ?? [])
    count =
      dimension.format === DimensionType.DENSE
        ? count * dimension.denseSize
        : (indices(dimension)?.length ?? 0);
  return count;
}

interface Problem {
  field: string;
  message: string;
}

function problemOf(sparsity: SparsityParameters, shape: readonly number[]): Problem | undefined {
  const order = sparsity.traversalOrder ?? [];
  const blocks = sparsity.blockMap ?? [];
  const dimensions = sparsity.dimMetadata ?? [];
  const rank = shape.length + blocks.length;
  const isPermutation =
    order.length === rank && new Set(order).size === rank && order.every((d) => d >= 0 && d < rank);
  if (!isPermutation)
    return {
      field: 'traversal_order',
      message: `expected each of ${rank} dimensions once, got [${order.slice(0, 16).join(', ')}]`,
    };
  const stranger = blocks.findIndex((dim) => dim < 0 || dim >= shape.length);
  if (stranger >= 0)
    return {
      field: `block_map[${stranger}]`,
      message: `expected one of ${shape.length} dimensions, got ${blocks[stranger]}`,
    };
  if (dimensions.length !== rank)
    return {
      field: 'dim_metadata',
      message: `expected one entry for each of ${rank} dimensions, got ${dimensions.length}`,
    };
  const lengths = lengthsOf(shape, blocks, dimensions, order);
  let count = 1;
  for (const [i, dimension] of dimensions.entries()) {
    const field = `dim_metadata[${i}]`;
    const size = lengths[order[i]!];
    const problem =
      dimension.format === DimensionType.DENSE
        ? denseProblem(dimension, size)
        : dimension.format === DimensionType.SPARSE_CSR
          ? compressedProblem(dimension, count, size)
          : `expected DENSE or SPARSE_CSR for the format, got ${dimension.format}`;
    if (problem) return { field, message: problem };
    count =
      dimension.format === DimensionType.DENSE ? count * dimension.denseSize : indices(dimension)!.length;
    if (!Number.isSafeInteger(16 * count))
      return { field, message: `expected countable elements, got ${count}` };
  }
  return undefined;
}

/**
 * Length of each dimension by its number, blocks after the tensor's own; undefined where only its own entry says it
 * (blocks), or where blocks do not divide it.
 */
function lengthsOf(
  shape: readonly number[],
  blocks: readonly number[],
  dimensions: readonly DimensionMetadata[],
  order: readonly number[],
): (number | undefined)[] {
  const entryOf = new Map(order.map((dim, i) => [dim, i]));
  const lengths: (number | undefined)[] = [...shape, ...blocks.map(() => undefined)];
  blocks.forEach((dim, i) => {
    const block = dimensions[entryOf.get(shape.length + i)!]!.denseSize;
    lengths[dim] = block > 0 && shape[dim]! % block === 0 ? shape[dim]! / block : undefined;
  });
  return lengths;
}

function denseProblem({ denseSize }: DimensionMetadata, size: number | undefined): string | undefined {
  if (denseSize < 0 || (size !== undefined && denseSize !== size))
    return `expected a dense size of ${size ?? 'at least 0'}, got ${denseSize}`;
  return undefined;
}

function compressedProblem(
  dimension: DimensionMetadata,
  count: number,
  size: number | undefined,
): string | undefined {
  const [segments, positions] = [values(dimension.arraySegments), indices(dimension)];
  if (!segments || !positions) return 'expected segments and indices for SPARSE_CSR, got none';
  if (segments.length !== count + 1) return `expected ${count + 1} segment borders, got ${segments.length}`;
  for (let i = 0; i < segments.length; i++)
    if (segments[i]! < (i === 0 ? 0 : segments[i - 1]!) || (i === 0 && segments[0] !== 0))
      return `expected rising segment borders from 0, got ${segments[i]} at ${i}`;
  if (segments.at(-1) !== positions.length)
    return `expected ${positions.length} for the last border, the number of indices, got ${segments.at(-1)}`;
  const stranger = positions.findIndex((at) => at < 0 || (size !== undefined && at >= size));
  return stranger < 0 ? undefined : `expected indices below ${size}, got ${positions[stranger]}`;
}

function indices(dimension: DimensionMetadata): readonly number[] | undefined {
  return values(dimension.arrayIndices);
}

/** Elements of one of the three index vectors; an absent list is an empty one. */
function values(vector: DimensionMetadata['arrayIndices']): readonly number[] | undefined {
  return vector === null ? undefined : Array.from(vector.values ?? []);
}
