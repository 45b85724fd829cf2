/** Constants of narrow types as float32: halves, bfloat16 and GGML's blocks of 32. Every value is exact in float32. */

import { widenBfloat16, widenFloat16 } from '../../circle/half.ts';
import { TensorType } from '../../circle/index.ts';

type Widen = (bytes: Uint8Array, count: number) => Float32Array;

const WIDEN = new Map<TensorType, Widen>([
  [TensorType.FLOAT16, (bytes, count) => new Float32Array(widenFloat16(halves(bytes, count)).buffer)],
  [TensorType.BFLOAT16, (bytes, count) => new Float32Array(widenBfloat16(halves(bytes, count)).buffer)],
  [TensorType.GGML_Q8_0, blocks(34, (block, j) => (block[2 + j]! << 24) >> 24)],
  // Element j lies in the low half of byte j, element j + 16 in the high half.
  [TensorType.GGML_Q4_0, blocks(18, (block, j) => (j < 16 ? block[2 + j]! & 15 : block[j - 14]! >> 4) - 8)],
]);

export function isNarrow(type: TensorType): boolean {
  return WIDEN.has(type);
}

/** The first `count` elements of a narrow type. */
export function widen(type: TensorType, bytes: Uint8Array, count: number): Float32Array {
  return WIDEN.get(type)!(bytes, count);
}

/** The bytes may lie anywhere, so they are copied to be aligned. */
function halves(bytes: Uint8Array, count: number): Uint16Array {
  return new Uint16Array(Uint8Array.from(bytes.subarray(0, 2 * count)).buffer);
}

/** Blocks of a float16 scale and 32 whole numbers. */
function blocks(blockBytes: number, numberAt: (block: Uint8Array, j: number) => number): Widen {
  return (bytes, count) => {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 32) {
      const start = (i / 32) * blockBytes;
      const block = bytes.subarray(start, start + blockBytes);
      const [scale] = new Float32Array(widenFloat16(halves(block, 1)).buffer);
      for (let j = 0; j < 32; j++) out[i + j] = scale! * numberAt(block, j);
    }
    return out;
  };
}
