/** Tensors that are parts of others, or have their rows in another order: ranges over ranges, nothing is copied. */
import { type ByteSource, copyBytes, MadeUnits, withScratch } from '../circle/index.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { FilePart } from './file.ts';

/** Some of a source's bytes. */
export function partOf(source: ByteSource, from: number, byteLength: number): ByteSource {
  if (source instanceof Uint8Array) return source.subarray(from, from + byteLength);
  if (source instanceof FilePart) return source.file.part(source.offset + from, byteLength);
  return new MadeUnits(byteLength, 1, (first, target) => copyBytes(source, from + first, target));
}

/** Rows `begin` to `begin + rows` of a matrix. Blocks run along rows, so a row is a whole number of bytes. */
export function rowsOf(tensor: CheckpointTensor, begin: number, rows: number): CheckpointTensor {
  const rowBytes = bytesOfRow(tensor);
  return {
    ...tensor,
    shape: [rows, ...tensor.shape.slice(1)],
    source: partOf(tensor.source, begin * rowBytes, rows * rowBytes),
  };
}

/**
 * A matrix whose rows change places within groups of `order.length`: row i of a group is what was row `order[i]`.
 * A group is read in one go.
 */
export function rowsReordered(tensor: CheckpointTensor, order: readonly number[]): CheckpointTensor {
  const { source } = tensor;
  const rowBytes = bytesOfRow(tensor);
  const groupBytes = rowBytes * order.length;
  const reorder = (first: number, target: Uint8Array) =>
    withScratch(target.byteLength, (rows) => {
      copyBytes(source, first * groupBytes, rows);
      for (let group = 0; group < target.byteLength; group += groupBytes)
        order.forEach((from, to) => {
          const at = group + from * rowBytes;
          target.set(rows.subarray(at, at + rowBytes), group + to * rowBytes);
        });
    });
  return { ...tensor, source: new MadeUnits(source.byteLength, groupBytes, reorder) };
}

function bytesOfRow({ source, shape }: CheckpointTensor): number {
  return source.byteLength / shape[0]!;
}
