#include "core/weights.h"

#include <algorithm>
#include <cstring>

#include "kernels/kernels.h"

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

constexpr size_t kBlock = 32;         // elements of a GGML block
constexpr size_t kPackColumns = 128;  // a panel's columns that are widened and transposed at a time

struct PackArgs {
  float* out;
  const uint8_t* source;
  size_t row_bytes, rows, cols;
  Dtype dtype;
};

void pack_panels(const PackArgs* args, size_t begin, size_t end) {
  float columns[kPackColumns];
  for (size_t panel = begin; panel < end; panel++) {
    float* out = args->out + panel * args->cols * kLanes;
    const size_t lanes = std::min<size_t>(kLanes, args->rows - panel * kLanes);
    for (size_t k = 0; k < args->cols; k += kPackColumns) {
      const size_t count = std::min(kPackColumns, args->cols - k);
      for (size_t lane = 0; lane < kLanes; lane++) {
        if (lane < lanes) {
          const uint8_t* row = args->source + (panel * kLanes + lane) * args->row_bytes;
          widen(args->dtype, row, k, count, columns);
        } else {
          std::fill_n(columns, count, 0.0f);
        }
        for (size_t i = 0; i < count; i++) out[(k + i) * kLanes + lane] = columns[i];
      }
    }
  }
}

void widen_rows(const PackArgs* args, size_t begin, size_t end) {
  for (size_t r = begin; r < end; r++)
    widen(args->dtype, args->source + r * args->row_bytes, 0, args->cols, args->out + r * args->cols);
}

}  // namespace

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
        const uint8_t* block = row + (first + i) / kBlock * 34;
        out[i] = from_half(read16(block)) * static_cast<float>(static_cast<int8_t>(block[2 + i % kBlock]));
      }
      break;
    case Dtype::kQ4_0:  // f16 scale, 16 bytes: element j in the low nibble of byte j, j + 16 in the high one
      for (size_t i = 0; i < count; i++) {
        const uint8_t* block = row + (first + i) / kBlock * 18;
        const size_t j = i % kBlock;
        const int nibble = j < 16 ? block[2 + j] & 15 : block[2 + j - 16] >> 4;
        out[i] = from_half(read16(block)) * static_cast<float>(nibble - 8);
      }
      break;
  }
}

Weights::Weights(const Program& program, const std::vector<const uint8_t*>& sources, ThreadPool& pool)
    : packed_(program.weights.size()) {
  const auto floats_of = [](const WeightRecord& w) -> uint64_t {
    if (w.uses == 0) return 0;
    const bool panels = (w.uses & static_cast<uint8_t>(WeightUse::kMatmul)) != 0;
    return panels ? round_up(w.rows, kLanes) * w.cols : round_up(size_t{w.rows} * w.cols, kLanes);
  };
  for (const WeightRecord& w : program.weights) bytes_ += floats_of(w) * sizeof(float);
  expect_memory(bytes_, "the weights");
  for (size_t i = 0; i < program.weights.size(); i++) {
    const WeightRecord& w = program.weights[i];
    const uint64_t floats = floats_of(w);
    if (floats == 0) continue;
    memory_.push_back(allocate_floats(floats, "the weights"));
    float* out = memory_.back().get();
    const bool panels = (w.uses & static_cast<uint8_t>(WeightUse::kMatmul)) != 0;
    const PackArgs args{
        out, sources[w.source] + w.offset, static_cast<size_t>(w.bytes / w.rows), w.rows, w.cols, w.dtype};
    if (panels) {
      pool.split<PackArgs>(pack_panels, args, round_up(w.rows, kLanes) / kLanes, size_t{w.cols} * kLanes);
    } else {
      pool.split<PackArgs>(widen_rows, args, w.rows, w.cols);
      std::fill(out + size_t{w.rows} * w.cols, out + floats, 0.0f);
    }
    packed_[i] = {out, w.rows, w.cols, panels};
  }
}

}  // namespace ggma
