/**
 * GGML's blocks of 32 as float32. Scales and minima are float16; products of a scale and a quant are exact in float32, so
 * a value is rounded once at most, and equals GGML's own to the last bit.
 */
import { float16Table } from '../dtypes.ts';

const QUANTS = 32;
const HALF = QUANTS / 2;

type Decode = (bytes: Uint8Array, floats: Float32Array) => void;

const half = (bytes: Uint8Array, at: number): number => float16Table()[bytes[at]! | (bytes[at + 1]! << 8)]!;
const word = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

/** Blocks of `size` bytes, one after the other. */
function eachBlock(
  size: number,
  decode: (bytes: Uint8Array, at: number, floats: Float32Array, to: number) => void,
): Decode {
  return (bytes, floats) => {
    for (let at = 0, to = 0; to < floats.length; at += size, to += QUANTS) decode(bytes, at, floats, to);
  };
}

/** Scale, 32 int8: value = quant · scale. */
export const decodeQ8_0 = eachBlock(34, (bytes, at, floats, to) => {
  const scale = half(bytes, at);
  for (let i = 0; i < QUANTS; i++) floats[to + i] = ((bytes[at + 2 + i]! << 24) >> 24) * scale;
});

/** Scale, 16 bytes: element i in the low nibble of byte i, i + 16 in the high one; value = (nibble − 8) · scale. */
export const decodeQ4_0 = eachBlock(18, (bytes, at, floats, to) => {
  const scale = half(bytes, at);
  for (let i = 0; i < HALF; i++) {
    const byte = bytes[at + 2 + i]!;
    floats[to + i] = ((byte & 15) - 8) * scale;
    floats[to + HALF + i] = ((byte >> 4) - 8) * scale;
  }
});

/** Scale, minimum, 16 bytes: value = nibble · scale + minimum. */
export const decodeQ4_1 = eachBlock(20, (bytes, at, floats, to) => {
  const [scale, min] = [half(bytes, at), half(bytes, at + 2)];
  for (let i = 0; i < HALF; i++) {
    const byte = bytes[at + 4 + i]!;
    floats[to + i] = (byte & 15) * scale + min;
    floats[to + HALF + i] = (byte >> 4) * scale + min;
  }
});

/** Scale, 32 fifth bits, 16 bytes: value = (quant − 16) · scale. */
export const decodeQ5_0 = eachBlock(22, (bytes, at, floats, to) => {
  const [scale, fifth] = [half(bytes, at), word(bytes, at + 2)];
  for (let i = 0; i < HALF; i++) {
    const byte = bytes[at + 6 + i]!;
    floats[to + i] = (((byte & 15) | (((fifth >>> i) & 1) << 4)) - 16) * scale;
    floats[to + HALF + i] = (((byte >> 4) | (((fifth >>> (i + HALF)) & 1) << 4)) - 16) * scale;
  }
});

/** Scale, minimum, 32 fifth bits, 16 bytes: value = quant · scale + minimum. */
export const decodeQ5_1 = eachBlock(24, (bytes, at, floats, to) => {
  const [scale, min, fifth] = [half(bytes, at), half(bytes, at + 2), word(bytes, at + 4)];
  for (let i = 0; i < HALF; i++) {
    const byte = bytes[at + 8 + i]!;
    floats[to + i] = ((byte & 15) | (((fifth >>> i) & 1) << 4)) * scale + min;
    floats[to + HALF + i] = ((byte >> 4) | (((fifth >>> (i + HALF)) & 1) << 4)) * scale + min;
  }
});

/** What IQ4_NL's nibbles stand for: steps that grow with the distance from zero. */
const NONLINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** As Q4_0, with a table of values in place of nibble − 8. */
export const decodeIQ4_NL = eachBlock(18, (bytes, at, floats, to) => {
  const scale = half(bytes, at);
  for (let i = 0; i < HALF; i++) {
    const byte = bytes[at + 2 + i]!;
    floats[to + i] = NONLINEAR[byte & 15]! * scale;
    floats[to + HALF + i] = NONLINEAR[byte >> 4]! * scale;
  }
});

/** Twice what the 4 bits of an E2M1 float stand for. */
const E2M1 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** An exponent, 16 bytes: value = E2M1 · 2^(exponent − 127); half of it is in the scale, half in the table. */
export const decodeMXFP4 = eachBlock(17, (bytes, at, floats, to) => {
  const scale = 2 ** (bytes[at]! - 128);
  for (let i = 0; i < HALF; i++) {
    const byte = bytes[at + 1 + i]!;
    floats[to + i] = E2M1[byte & 15]! * scale;
    floats[to + HALF + i] = E2M1[byte >> 4]! * scale;
  }
});
