/**
 * Floats → the narrower types that weights are kept in. GGML's blocks are those of its reference quantisers
 * (quantize_row_q8_0_ref, quantize_row_q4_0_ref), bit for bit: the arithmetic is float32's, step by step.
 */
import { float16OfBits } from './half.ts';
import { TensorType } from './schema/generated/enums.ts';

/** One way to store floats. */
export interface FloatEncoding {
  readonly type: TensorType;
  /** Elements of a block, and the bytes that it takes. */
  readonly elements: number;
  readonly bytes: number;
  /** Writes the blocks of `floats`, whole ones, at the beginning of `target`. */
  encode(floats: Float32Array, target: DataView): void;
}

const fround = Math.fround;
const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

function float16Of(x: number): number {
  word[0] = x;
  return float16OfBits(bits[0]!);
}

const QUANTS = 32;

/** f16 scale, then 32 int8: value = scale · quant. */
function encodeQ8(floats: Float32Array, target: DataView): void {
  const bytes = new Uint8Array(target.buffer, target.byteOffset);
  for (let at = 0, to = 0; at < floats.length; at += QUANTS, to += 2 + QUANTS) {
    let top = 0;
    for (let i = 0; i < QUANTS; i++) top = Math.max(top, Math.abs(floats[at + i]!));
    const scale = fround(top / 127);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    target.setUint16(to, float16Of(scale), true);
    for (let i = 0; i < QUANTS; i++) {
      const x = fround(floats[at + i]! * inverse);
      // roundf: halves away from zero. A branch on the sign, which no processor can guess, would take twice as long.
      bytes[to + 2 + i] = (x + Math.min(0.5, Math.max(-0.5, x * 1e30))) | 0;
    }
  }
}

/** f16 scale, then 16 bytes: element j in the low nibble of byte j, j + 16 in the high one; value = (nibble − 8) · scale. */
function encodeQ4(floats: Float32Array, target: DataView): void {
  const half = QUANTS / 2;
  for (let at = 0, to = 0; at < floats.length; at += QUANTS, to += 2 + half) {
    // The element of the largest size becomes −8: signed, so that one side has the extra step.
    let top = 0;
    for (let i = 0; i < QUANTS; i++) if (Math.abs(floats[at + i]!) > Math.abs(top)) top = floats[at + i]!;
    const scale = fround(top / -8);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    target.setUint16(to, float16Of(scale), true);
    for (let i = 0; i < half; i++) {
      const low = Math.min(15, Math.trunc(fround(fround(floats[at + i]! * inverse) + 8.5)));
      const high = Math.min(15, Math.trunc(fround(fround(floats[at + half + i]! * inverse) + 8.5)));
      target.setUint8(to + 2 + i, low | (high << 4));
    }
  }
}

function encodeFloat16(floats: Float32Array, target: DataView): void {
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < words.length; i++) target.setUint16(2 * i, float16OfBits(words[i]!), true);
}

/** Rounded to nearest, ties to even; a NaN stays one. */
function encodeBfloat16(floats: Float32Array, target: DataView): void {
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < words.length; i++) {
    const x = words[i]!;
    const isNan = (x & 0x7fffffff) > 0x7f800000;
    target.setUint16(2 * i, isNan ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16, true);
  }
}

export const floatEncodings = {
  f16: { type: TensorType.FLOAT16, elements: 1, bytes: 2, encode: encodeFloat16 },
  bf16: { type: TensorType.BFLOAT16, elements: 1, bytes: 2, encode: encodeBfloat16 },
  q8_0: { type: TensorType.GGML_Q8_0, elements: QUANTS, bytes: 34, encode: encodeQ8 },
  q4_0: { type: TensorType.GGML_Q4_0, elements: QUANTS, bytes: 18, encode: encodeQ4 },
} as const satisfies Record<string, FloatEncoding>;

export type FloatEncodingName = keyof typeof floatEncodings;
