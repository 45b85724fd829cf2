/** Sizes of tensor elements. */
import { GgmaError } from '../errors.ts';
import { enumName } from './names.ts';
import { TensorType } from './schema/generated/enums.ts';

/** Elements that share bytes: `elements` of them take `bytes`. Plain types have blocks of one element. */
export interface Block {
  readonly elements: number;
  readonly bytes: number;
}

const BLOCKS = new Map<TensorType, Block>(
  (
    [
      [TensorType.FLOAT32, 1, 4],
      [TensorType.FLOAT16, 1, 2],
      [TensorType.INT32, 1, 4],
      [TensorType.UINT8, 1, 1],
      [TensorType.INT64, 1, 8],
      [TensorType.BOOL, 1, 1],
      [TensorType.INT16, 1, 2],
      [TensorType.COMPLEX64, 1, 8],
      [TensorType.INT8, 1, 1],
      [TensorType.FLOAT64, 1, 8],
      [TensorType.COMPLEX128, 1, 16],
      [TensorType.UINT64, 1, 8],
      [TensorType.UINT32, 1, 4],
      [TensorType.UINT16, 1, 2],
      [TensorType.INT4, 2, 1],
      [TensorType.UINT4, 2, 1],
      [TensorType.BFLOAT16, 1, 2],
      // GGML: an f16 scale (and an f16 minimum for _1), then 32 quants.
      [TensorType.GGML_Q4_0, 32, 18],
      [TensorType.GGML_Q4_1, 32, 20],
      [TensorType.GGML_Q8_0, 32, 34],
      [TensorType.GGML_Q8_1, 32, 36],
    ] as const
  ).map(([type, elements, bytes]) => [type, { elements, bytes }]),
);

/** How a type stores its elements, or undefined for types without a fixed size (STRING, RESOURCE, MX types, …). */
export function blockOf(type: TensorType): Block | undefined {
  return BLOCKS.get(type);
}

/** Bytes of one element. @throws GgmaError CIRCLE_UNSUPPORTED for a type whose elements have no size of their own. */
export function elementSize(type: TensorType): number {
  const block = blockOf(type);
  if (block?.elements !== 1)
    throw new GgmaError(
      'CIRCLE_UNSUPPORTED',
      `expected a type with whole bytes per element, got ${tensorTypeName(type)}`,
    );
  return block.bytes;
}

/**
 * Bytes of a tensor of that type and shape ([] is a scalar). Blocks run along the last dimension, which they must
 * fill; 4-bit types may end with half a byte.
 * @throws GgmaError CIRCLE_UNSUPPORTED for a type without a fixed size, CIRCLE_INVALID for a shape that has none.
 */
export function tensorByteLength(type: TensorType, shape: readonly number[]): number {
  const block = blockOf(type);
  if (!block)
    throw new GgmaError(
      'CIRCLE_UNSUPPORTED',
      `expected a type with elements of a fixed size, got ${tensorTypeName(type)}`,
    );
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (shape.some((dim) => !Number.isInteger(dim) || dim < 0) || !Number.isSafeInteger(count))
    throw new GgmaError(
      'CIRCLE_INVALID',
      `expected dimensions from 0 with a countable product, got [${shape.join(', ')}]`,
    );
  if (block.elements > 2 && (shape.at(-1) ?? 1) % block.elements !== 0)
    throw new GgmaError(
      'CIRCLE_INVALID',
      `expected a last dimension in blocks of ${block.elements} for ${tensorTypeName(type)}, got [${shape.join(', ')}]`,
    );
  return Math.ceil(count / block.elements) * block.bytes;
}

export function tensorTypeName(type: TensorType): string {
  return enumName('TensorType', type) ?? `type ${type}`;
}
