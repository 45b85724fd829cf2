/** Half-width floats ⇄ float32, bit by bit. Widening is exact: every value of both formats is a float32. */

/** bfloat16 is the upper half of a float32. */
export function widenBfloat16(halves: Uint16Array): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return words;
}

export function widenFloat16(halves: Uint16Array): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = float16Bits(halves[i]!);
  return words;
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The value of a float16's bits. */
export function float16Value(half: number): number {
  word[0] = float16Bits(half);
  return float[0]!;
}

/** The float32 bits of a float16's. */
function float16Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float: shift its leading one into the hidden bit.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/** The float16 bits next to a float32's: ties to even, infinity from 65520 on; a NaN stays one. */
export function float16OfBits(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const size = word & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  // 65520 and more round to infinity.
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= 0x38800000) {
    // Normal: 13 bits of fraction go, the exponent's bias from 127 to 15. A carry runs into the exponent, as it should.
    const rounded = size + 0xfff + ((size >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // Subnormal: units of 2^−24. Below half of one: zero.
  if (size < 0x33000000) return sign;
  const fraction = (size & 0x7fffff) | 0x800000;
  const shift = 126 - (size >>> 23);
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}
