/**
 * GGML's blocks of 256 ("k-quants") as float32: sub-blocks of 16 or 32 have scales (and minima) of a few bits, which the
 * block's own float16 scale multiplies. Every product is exact in float32 (11 + 6 + 6 bits at most, or 11 + 8 + 5), so a
 * value is rounded once at most, and equals GGML's own to the last bit.
 */
import { float16Table } from '../dtypes.ts';

const QUANTS = 256;

type Decode = (bytes: Uint8Array, floats: Float32Array) => void;

const half = (bytes: Uint8Array, at: number): number => float16Table()[bytes[at]! | (bytes[at + 1]! << 8)]!;
const signed = (byte: number): number => (byte << 24) >> 24;

function eachBlock(
  size: number,
  decode: (bytes: Uint8Array, at: number, floats: Float32Array, to: number) => void,
): Decode {
  return (bytes, floats) => {
    for (let at = 0, to = 0; to < floats.length; at += size, to += QUANTS) decode(bytes, at, floats, to);
  };
}

/**
 * 16 bytes of scales (low nibble) and minima (high nibble), 64 bytes of quants, scale, minimum. A byte holds the quants
 * of four elements that lie 32 apart. Value = quant · scale − minimum, for sub-blocks of 16.
 */
export const decodeQ2_K = eachBlock(84, (bytes, at, floats, to) => {
  const [scale, min] = [half(bytes, at + 80), half(bytes, at + 82)];
  for (let sub = 0; sub < 16; sub++) {
    const byte = bytes[at + sub]!;
    const [step, low] = [scale * (byte & 15), min * (byte >> 4)];
    const quants = at + 16 + 32 * (sub >> 3) + 16 * (sub & 1);
    const shift = 2 * ((sub >> 1) & 3);
    for (let i = 0; i < 16; i++) floats[to + 16 * sub + i] = ((bytes[quants + i]! >> shift) & 3) * step - low;
  }
});

/**
 * 32 bytes of third bits, 64 bytes of quants, 12 bytes of 6-bit scales, scale. The third bit says that 4 is not
 * subtracted. Value = quant · scale, for sub-blocks of 16.
 */
export const decodeQ3_K = eachBlock(110, (bytes, at, floats, to) => {
  const scale = half(bytes, at + 108);
  for (let sub = 0; sub < 16; sub++) {
    // Low four bits in bytes 0 to 7, high two in bytes 8 to 11.
    const low = sub < 8 ? bytes[at + 96 + sub]! & 15 : bytes[at + 88 + sub]! >> 4;
    const high = (bytes[at + 104 + (sub & 3)]! >> (2 * (sub >> 2))) & 3;
    const step = scale * ((low | (high << 4)) - 32);
    const column = 16 * (sub & 1);
    const quants = at + 32 + 32 * (sub >> 3) + column;
    const shift = 2 * ((sub >> 1) & 3);
    const third = sub >> 1;
    for (let i = 0; i < 16; i++) {
      const quant = (bytes[quants + i]! >> shift) & 3;
      const isHigh = (bytes[at + column + i]! >> third) & 1;
      floats[to + 16 * sub + i] = (quant - (isHigh === 1 ? 0 : 4)) * step;
    }
  }
});

/** The 6-bit scale of sub-block `sub` of 8, and its minimum, out of 12 bytes. */
function scaleOf(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return bytes[at + sub]! & 63;
  return (bytes[at + sub + 4]! & 15) | ((bytes[at + sub - 4]! >> 6) << 4);
}

function minOf(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return bytes[at + sub + 4]! & 63;
  return (bytes[at + sub + 4]! >> 4) | ((bytes[at + sub]! >> 6) << 4);
}

/** Scale, minimum, 12 bytes of 6-bit scales and minima, 128 bytes: value = quant · scale − minimum, sub-blocks of 32. */
export const decodeQ4_K = eachBlock(144, (bytes, at, floats, to) => {
  const [scale, min] = [half(bytes, at), half(bytes, at + 2)];
  for (let sub = 0; sub < 8; sub++) {
    const [step, low] = [scale * scaleOf(bytes, at + 4, sub), min * minOf(bytes, at + 4, sub)];
    const quants = at + 16 + 32 * (sub >> 1);
    const shift = 4 * (sub & 1);
    for (let i = 0; i < 32; i++)
      floats[to + 32 * sub + i] = ((bytes[quants + i]! >> shift) & 15) * step - low;
  }
});

/** As Q4_K, with 32 bytes of fifth bits between scales and quants: bit `sub` of byte i. */
export const decodeQ5_K = eachBlock(176, (bytes, at, floats, to) => {
  const [scale, min] = [half(bytes, at), half(bytes, at + 2)];
  for (let sub = 0; sub < 8; sub++) {
    const [step, low] = [scale * scaleOf(bytes, at + 4, sub), min * minOf(bytes, at + 4, sub)];
    const quants = at + 48 + 32 * (sub >> 1);
    const shift = 4 * (sub & 1);
    for (let i = 0; i < 32; i++) {
      const fifth = (bytes[at + 16 + i]! >> sub) & 1;
      floats[to + 32 * sub + i] = (((bytes[quants + i]! >> shift) & 15) | (fifth << 4)) * step - low;
    }
  }
});

/**
 * 128 bytes of low four bits, 64 bytes of high two bits, 16 int8 scales, scale. Value = (quant − 32) · scale, for
 * sub-blocks of 16.
 */
export const decodeQ6_K = eachBlock(210, (bytes, at, floats, to) => {
  const scale = half(bytes, at + 208);
  for (let part = 0; part < 8; part++) {
    // Each half of the block has four parts of 32: the low bits of the first two lie in low nibbles, of the others in high.
    const [side, quarter] = [part >> 2, part & 3];
    const low = at + 64 * side + 32 * (quarter & 1);
    const high = at + 128 + 32 * side;
    const lowShift = 4 * (quarter >> 1);
    const steps = at + 192 + 2 * part;
    for (let i = 0; i < 32; i++) {
      const quant = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> (2 * quarter)) & 3) << 4);
      floats[to + 32 * part + i] = scale * signed(bytes[steps + (i >> 4)]!) * (quant - 32);
    }
  }
});
