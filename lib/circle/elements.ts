/** The elements of a constant as numbers. */
import { widenBfloat16, widenFloat16 } from './half.ts';
import { TensorType } from './schema/generated/enums.ts';

export type Elements =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

const ARRAYS = new Map<TensorType, new (buffer: ArrayBuffer) => Elements>([
  [TensorType.FLOAT32, Float32Array],
  [TensorType.FLOAT64, Float64Array],
  [TensorType.INT8, Int8Array],
  [TensorType.UINT8, Uint8Array],
  [TensorType.BOOL, Uint8Array],
  [TensorType.INT16, Int16Array],
  [TensorType.UINT16, Uint16Array],
  [TensorType.INT32, Int32Array],
  [TensorType.UINT32, Uint32Array],
  [TensorType.INT64, BigInt64Array],
  [TensorType.UINT64, BigUint64Array],
]);

/**
 * Little-endian bytes as numbers; half-width floats become float32, which is exact. undefined for types whose elements
 * are no single numbers (STRING, COMPLEX, 4-bit and block types), and for bytes that are no whole elements.
 */
export function elementsOf(type: TensorType, bytes: Uint8Array): Elements | undefined {
  const isHalf = type === TensorType.FLOAT16 || type === TensorType.BFLOAT16;
  const array = isHalf ? Uint16Array : ARRAYS.get(type);
  if (!array) return undefined;
  // A copy, because constants may lie at any byte of a file (and a Buffer's slice would be none).
  const own = new Uint8Array(bytes).buffer;
  const width = isHalf ? 2 : new array(new ArrayBuffer(0)).BYTES_PER_ELEMENT;
  if (own.byteLength % width !== 0) return undefined;
  if (!isHalf) return new array(own);
  const halves = new Uint16Array(own);
  const words = type === TensorType.FLOAT16 ? widenFloat16(halves) : widenBfloat16(halves);
  return new Float32Array(words.buffer);
}
