#include "core/pack.h"

#include <algorithm>
#include <cstring>

namespace ggma {
namespace {

uint16_t read16(const uint8_t* p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }

float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Exact: every half is a float.
float from_half(uint16_t half) {
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  // 2^112 moves the exponent's bias from 15 to 127; subnormal halves become normal floats on the way.
  float value = from_bits(magnitude) * 0x1p112f;
  if (magnitude >= 0x7c00u << 13) value = from_bits(0x7f800000u | magnitude);  // infinity, NaN
  return (half & 0x8000) != 0 ? -value : value;
}

// [16 rows][columns] → [columns][16 rows]: a few columns at a time, so that both sides stay in the cache.
template <class T>
void pack_elements(const PackArgs* args, size_t panel, uint8_t* out) {
  constexpr size_t kColumns = 32;
  const size_t lanes = std::min<size_t>(kLanes, args->rows - panel * kLanes), cols = args->cols;
  const uint8_t* rows = args->source + panel * kLanes * cols * sizeof(T);
  T tile[kColumns][kLanes] = {};
  for (size_t k = 0; k < cols; k += kColumns) {
    const size_t count = std::min(kColumns, cols - k);
    for (size_t lane = 0; lane < lanes; lane++) {
      T row[kColumns];
      std::memcpy(row, rows + (lane * cols + k) * sizeof(T), count * sizeof(T));
      for (size_t i = 0; i < count; i++) tile[i][lane] = row[i];
    }
    std::memcpy(out + k * kLanes * sizeof(T), tile, count * sizeof tile[0]);
  }
}

// A block of the file is an f16 scale and `pieces` times 4 bytes.
void pack_blocks(const PackArgs* args, size_t panel, uint8_t* out, size_t pieces) {
  const size_t lanes = std::min<size_t>(kLanes, args->rows - panel * kLanes);
  const size_t blocks = args->cols / kQuantBlock, block_bytes = 2 + 4 * pieces;
  for (size_t lane = 0; lane < lanes; lane++) {
    const uint8_t* in = args->source + (panel * kLanes + lane) * blocks * block_bytes;
    for (size_t b = 0; b < blocks; b++, in += block_bytes) {
      const size_t bytes = 4 * kLanes * pieces;
      std::memcpy(out + packed_scale_at(b, bytes) + lane * 2, in, 2);
      uint8_t* block = out + packed_block_at(b, bytes) + lane * 4;
      for (size_t p = 0; p < pieces; p++) std::memcpy(block + p * kLanes * 4, in + 2 + 4 * p, 4);
    }
  }
}

}  // namespace

void pack_panels(const PackArgs* args, size_t begin, size_t end) {
  const size_t bytes = panel_bytes(args->dtype, args->cols);
  for (size_t panel = begin; panel < end; panel++) {
    uint8_t* out = args->out + panel * bytes;
    // Rows that are missing, and what rounding up to 64 bytes adds.
    if ((panel + 1) * kLanes > args->rows || bytes != args->cols * kLanes * 4) std::memset(out, 0, bytes);
    switch (args->dtype) {
      case Dtype::kF32:
        pack_elements<uint32_t>(args, panel, out);
        break;
      case Dtype::kF16:
      case Dtype::kBf16:
        pack_elements<uint16_t>(args, panel, out);
        break;
      case Dtype::kQ8_0:
        pack_blocks(args, panel, out, 8);
        break;
      case Dtype::kQ4_0:
        pack_blocks(args, panel, out, 4);
        break;
    }
  }
}

void widen(Dtype dtype, const uint8_t* row, size_t first, size_t count, float* out) {
  switch (dtype) {
    case Dtype::kF32:
      std::memcpy(out, row + first * 4, count * 4);
      break;
    case Dtype::kF16:
      for (size_t i = 0; i < count; i++) out[i] = from_half(read16(row + (first + i) * 2));
      break;
    case Dtype::kBf16:
      for (size_t i = 0; i < count; i++)
        out[i] = from_bits(static_cast<uint32_t>(read16(row + (first + i) * 2)) << 16);
      break;
    case Dtype::kQ8_0:  // f16 scale, 32 × i8
      for (size_t i = 0; i < count; i++) {
        const uint8_t* block = row + (first + i) / kQuantBlock * 34;
        out[i] =
            from_half(read16(block)) * static_cast<float>(static_cast<int8_t>(block[2 + i % kQuantBlock]));
      }
      break;
    case Dtype::kQ4_0:  // f16 scale, 16 bytes: element j in the low nibble of byte j, j + 16 in the high one
      for (size_t i = 0; i < count; i++) {
        const uint8_t* block = row + (first + i) / kQuantBlock * 18;
        const size_t j = i % kQuantBlock;
        const int nibble = j < 16 ? block[2 + j] & 15 : block[2 + j - 16] >> 4;
        out[i] = from_half(read16(block)) * static_cast<float>(nibble - 8);
      }
      break;
  }
}

}  // namespace ggma
