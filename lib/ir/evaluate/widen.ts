/** Constants of narrow types as float32: halves, bfloat16 and GGML's blocks of 32. Every value is exact in float32. */

import { float16Value, TensorType, widenBfloat16, widenFloat16 } from '../../circle/index.ts';

type Widen = (bytes: Uint8Array, count: number) => Float32Array;

const WIDEN = new Map<TensorType, Widen>([
  [TensorType.FLOAT16, (bytes, count) => new Float32Array(widenFloat16(halves(bytes, count)).buffer)],
  [TensorType.BFLOAT16, (bytes, count) => new Float32Array(widenBfloat16(halves(bytes, count)).buffer)],
  [TensorType.GGML_Q8_0, widenQ8],
  [TensorType.GGML_Q4_0, widenQ4],
]);

export function isNarrow(type: TensorType): boolean {
  return WIDEN.has(type);
}

/** The first `count` elements of a narrow type. */
export function widen(type: TensorType, bytes: Uint8Array, count: number): Float32Array {
  return WIDEN.get(type)!(bytes, count);
}

/** The bytes may lie anywhere, so they are copied to be aligned (a Buffer's own slice copies nothing). */
function halves(bytes: Uint8Array, count: number): Uint16Array {
  return new Uint16Array(Uint8Array.prototype.slice.call(bytes, 0, 2 * count).buffer);
}

/** Blocks of a float16 scale and 32 int8. */
function widenQ8(bytes: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count);
  for (let i = 0, at = 0; i < count; i += 32, at += 34) {
    const scale = float16Value(bytes[at]! | (bytes[at + 1]! << 8));
    for (let j = 0; j < 32; j++) out[i + j] = scale * ((bytes[at + 2 + j]! << 24) >> 24);
  }
  return out;
}

/** Blocks of a float16 scale and 16 bytes: element j lies in the low half of byte j, element j + 16 in the high half. */
function widenQ4(bytes: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count);
  for (let i = 0, at = 0; i < count; i += 32, at += 18) {
    const scale = float16Value(bytes[at]! | (bytes[at + 1]! << 8));
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 2 + j]!;
      out[i + j] = scale * ((byte & 15) - 8);
      out[i + j + 16] = scale * ((byte >> 4) - 8);
    }
  }
  return out;
}
