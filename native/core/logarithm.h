// Our own logarithm: that of the C library differs between systems in the last bit.
#ifndef GGMA_CORE_LOGARITHM_H
#define GGMA_CORE_LOGARITHM_H

#include <cstdint>
#include <cstring>

namespace ggma {

// ln x for a finite, normal x > 0, within a few units in the last place.
inline double natural_log(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
  double m;  // [1, 2), then [√½, √2)
  std::memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  // ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …), |s| < 0.172
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double series = 0;
  for (int n = 21; n >= 3; n -= 2) series = (series + 1.0 / n) * s2;
  return exponent * 0.69314718055994531 + 2 * (s + s * series);
}

}  // namespace ggma

#endif
