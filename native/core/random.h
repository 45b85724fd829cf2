// Random numbers by counter: draw i of a seed is a function of both and of nothing else, so what is drawn
// does not depend on what else runs. (SplitMix64, entered at the place that the seed's hash names.)
#ifndef GGMA_CORE_RANDOM_H
#define GGMA_CORE_RANDOM_H

#include <cstdint>

namespace ggma {

constexpr uint64_t mix64(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// Random numbers lie in [0, 1) and are multiples of 2^−53.
constexpr double unit_of(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// Bits of draw number `draw`.
constexpr uint64_t random_bits(uint64_t seed, uint64_t draw) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  // The seed is hashed first: seeds that are near each other would share draws otherwise.
  return mix64(mix64(seed + kGolden) + kGolden * (draw + 1));
}

constexpr double random_unit(uint64_t seed, uint64_t draw) { return unit_of(random_bits(seed, draw)); }

// A second number of the same draw, for when the first one led to a token that a constraint refuses. The
// first number would not do: that it led there says in which part of [0, 1) it lies, and the allowed tokens
// of that part would be drawn too often.
constexpr double second_unit(uint64_t seed, uint64_t draw) {
  return unit_of(mix64(random_bits(seed, draw) + 0xd1b54a32d192ed03));
}

}  // namespace ggma

#endif
