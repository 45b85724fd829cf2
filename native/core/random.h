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

// Of [0, 1), a multiple of 2^−53.
constexpr double random_unit(uint64_t seed, uint64_t draw) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  // The seed is hashed first: seeds that are near each other would share draws otherwise.
  const uint64_t bits = mix64(mix64(seed + kGolden) + kGolden * (draw + 1));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace ggma

#endif
