#include "core/narrow.h"

#include <algorithm>
#include <cstring>

namespace ggma {
namespace {

constexpr size_t kAtATime = 1024;

// Without branches within a piece, so that compilers make vectors of it.
bool narrow_to_bf16(const uint32_t* bits, size_t count, uint16_t* out) {
  uint32_t lost = 0;
  for (size_t i = 0; i < count; i++) {
    lost |= bits[i];
    out[i] = static_cast<uint16_t>(bits[i] >> 16);
  }
  return (lost & 0xffff) == 0;
}

bool narrow_to_f16(const uint32_t* bits, size_t count, uint16_t* out) {
  bool exact = true;
  for (size_t i = 0; i < count; i++) {
    const uint32_t magnitude = bits[i] & 0x7fffffff, sign = bits[i] >> 16 & 0x8000;
    float value;
    std::memcpy(&value, &magnitude, sizeof value);
    // Below 2^−14 halves are multiples of 2^−24.
    const bool is_small = value < 0x1p-14f;
    const float units = is_small ? value * 0x1p24f : 0.0f;
    const auto whole = static_cast<uint32_t>(units);
    exact &= is_small ? static_cast<float>(whole) == units : (magnitude & 0x1fff) == 0 && value <= 65504.0f;
    out[i] = static_cast<uint16_t>(sign | (is_small ? whole : (magnitude - (112u << 23)) >> 13));
  }
  return exact;
}

}  // namespace

bool narrow(Dtype dtype, const uint8_t* floats, size_t count, uint16_t* out) {
  uint32_t bits[kAtATime];
  const auto piece = dtype == Dtype::kBf16 ? narrow_to_bf16 : narrow_to_f16;
  for (size_t at = 0; at < count; at += kAtATime) {
    const size_t here = std::min(kAtATime, count - at);
    std::memcpy(bits, floats + at * sizeof(float), here * sizeof(float));
    if (!piece(bits, here, out + at)) return false;
  }
  return true;
}

}  // namespace ggma
