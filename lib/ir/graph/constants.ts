/** The contents of constants as numbers. Buffers may lie at any byte offset, so nothing is viewed in place. */
import { CompressionType, readBytes, TensorType, tensorTypeName } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import type { Value } from './graph.ts';

/** The bytes of a constant, or undefined when the value is none. */
export function bytesOf(value: Value | null | undefined): Uint8Array | undefined {
  const data = value?.buffer.data;
  return data ? readBytes(data) : undefined;
}

/**
 * Whether the bytes of a constant are its elements one behind the other. Those of a sparse tensor lie in an order of their
 * own and without the zeros, and those of a compressed tensor are codes, so nobody may read them as elements.
 */
export function isDense({ attributes }: Value): boolean {
  return attributes.sparsity === null && attributes.compressionType === CompressionType.NONE;
}

/** Number of elements of a shape; a scalar has one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((n, dim) => n * dim, 1);
}

/** The elements of a dense INT32 or INT64 constant, or undefined when the value is none. */
export function intsOf(value: Value | null | undefined): number[] | undefined {
  const view = viewOf(value, TensorType.INT32, TensorType.INT64);
  if (!view || !value) return undefined;
  const count = elementCount(value.shape);
  return value.type === TensorType.INT32
    ? Array.from({ length: count }, (_, i) => view.getInt32(4 * i, true))
    : Array.from({ length: count }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}

/** The elements of a dense FLOAT32 constant, or undefined when the value is none. */
export function floatsOf(value: Value | null | undefined): Float32Array | undefined {
  const view = viewOf(value, TensorType.FLOAT32);
  if (!view || !value) return undefined;
  const floats = new Float32Array(elementCount(value.shape));
  for (let i = 0; i < floats.length; i++) floats[i] = view.getFloat32(4 * i, true);
  return floats;
}

/** The one element of a FLOAT32 constant (any shape of one element), or undefined when it is no such constant. */
export function scalarOf(value: Value | null | undefined): number | undefined {
  if (!value?.isConstant || value.type !== TensorType.FLOAT32 || elementCount(value.shape) !== 1)
    return undefined;
  return floatsOf(value)?.[0];
}

function viewOf(value: Value | null | undefined, ...types: TensorType[]): DataView | undefined {
  if (!value?.isConstant || !types.includes(value.type) || !isDense(value)) return undefined;
  const bytes = bytesOf(value)!;
  const need = elementCount(value.shape) * (value.type === TensorType.INT64 ? 8 : 4);
  if (bytes.byteLength < need)
    throw new GgmaError(
      'CIRCLE_INVALID',
      `expected ${need} bytes for ${tensorTypeName(value.type)}[${value.shape.join(', ')}] '${value.name}', got ${bytes.byteLength}`,
    );
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
