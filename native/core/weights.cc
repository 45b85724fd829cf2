#include "core/weights.h"

#include <algorithm>
#include <cstring>

#include "core/pack.h"

namespace ggma {
namespace {

enum class Form { kUnused, kVector, kRows, kPanels };

Form form_of(const WeightRecord& w) {
  if (w.uses & static_cast<uint8_t>(WeightUse::kMatmul)) return Form::kPanels;
  if (w.uses & static_cast<uint8_t>(WeightUse::kVector)) return Form::kVector;
  return w.uses ? Form::kRows : Form::kUnused;
}

// A multiple of 64, so that everything begins at a cache line.
uint64_t packed_bytes(const WeightRecord& w) {
  switch (form_of(w)) {
    case Form::kPanels:
      return uint64_t{round_up(w.rows, kLanes) / kLanes} * panel_bytes(w.dtype, w.cols);
    case Form::kVector:
      return round_up(size_t{w.cols}, kLanes) * sizeof(float);
    case Form::kRows:
      return round_up(static_cast<size_t>(w.bytes), 64);
    default:
      return 0;
  }
}

struct CopyArgs {
  uint8_t* out;
  const uint8_t* source;
  size_t bytes;
};
constexpr size_t kCopyBytes = 1 << 16;

void copy_pieces(const CopyArgs* args, size_t begin, size_t end) {
  const size_t from = begin * kCopyBytes, to = std::min(args->bytes, end * kCopyBytes);
  std::memcpy(args->out + from, args->source + from, to - from);
}

}  // namespace

Weights::Weights(const Program& program, const std::vector<const uint8_t*>& sources, ThreadPool& pool)
    : packed_(program.weights.size()) {
  for (const WeightRecord& w : program.weights) bytes_ += packed_bytes(w);
  expect_memory(bytes_, "the weights");
  // One piece: small matrices, too, lie on huge pages then.
  memory_ = allocate_floats(bytes_ / sizeof(float), "the weights");
  auto* out = reinterpret_cast<uint8_t*>(memory_.get());
  for (size_t i = 0; i < program.weights.size(); i++) {
    const WeightRecord& w = program.weights[i];
    const Form form = form_of(w);
    const uint8_t* source = w.uses ? sources[w.source] + w.offset : nullptr;
    if (form == Form::kPanels) {
      const PackArgs args{out, source, w.rows, w.cols, w.dtype};
      pool.split<PackArgs>(pack_panels, args, round_up(w.rows, kLanes) / kLanes, size_t{w.cols} * kLanes);
      packed_[i] = {out, w.rows, w.cols, w.dtype, true};
    } else if (form == Form::kVector) {
      auto* floats = reinterpret_cast<float*>(out);
      widen(w.dtype, source, 0, w.cols, floats);
      std::fill(floats + w.cols, floats + round_up(size_t{w.cols}, kLanes), 0.0f);
      packed_[i] = {out, w.rows, w.cols, Dtype::kF32, false};
    } else if (form == Form::kRows) {
      const CopyArgs args{out, source, static_cast<size_t>(w.bytes)};
      pool.split<CopyArgs>(copy_pieces, args, (args.bytes + kCopyBytes - 1) / kCopyBytes, kCopyBytes);
      packed_[i] = {out, w.rows, w.cols, w.dtype, false};
    }
    out += packed_bytes(w);
  }
}

}  // namespace ggma
