// Bits of floats, and halves one at a time: for tails and for instruction sets without conversions. Exact.
GGMA_INLINE float bits_float(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}
GGMA_INLINE uint32_t float_bits(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  return bits;
}

GGMA_INLINE float float_of_half(uint16_t half) {
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13, sign = (half & 0x8000u) << 16;
  // 2^112 moves the exponent's bias from 15 to 127; subnormal halves become normal floats on the way.
  const uint32_t finite = float_bits(bits_float(magnitude) * 0x1p112f);
  return bits_float(sign | (magnitude >= 0x7c00u << 13 ? 0x7f800000u | magnitude : finite));
}

// Rounded to nearest, ties to even; NaN stays NaN.
GGMA_INLINE uint16_t half_of_float(float value) {
  const uint32_t bits = float_bits(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
  uint32_t half;
  if (size > 0x7f800000u) {
    half = 0x7e00u | (size >> 13 & 0x3ffu);
  } else if (size >= 0x47800000u) {  // 2^16 and above
    half = 0x7c00u;
  } else if (size < 0x38800000u) {  // below 2^-14: adding 1/2 leaves multiples of 2^-24 in the low bits
    half = float_bits(bits_float(size) + 0.5f) - 0x3f000000u;
  } else {
    half = (size - 0x38000000u + 0xfffu + (size >> 13 & 1u)) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}
