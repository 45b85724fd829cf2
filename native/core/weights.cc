#include "core/weights.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "core/failure.h"
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

// One weight on its way from a source. Units are panels, or pieces of rows that are copied as they are.
struct LoadArgs {
  uint8_t* out;
  const Source* source;
  const WeightRecord* weight;
  std::atomic<bool>* failed;
  Failure* failure;  // of the thread that set `failed` first
};
constexpr size_t kCopyBytes = 1 << 16;

// Threads of the pool throw nothing: the first failure is kept, and ends the others' work.
template <class Body>
void guarded(const LoadArgs* args, size_t begin, size_t end, Body body) {
  try {
    std::vector<uint8_t> scratch;
    for (size_t unit = begin; unit < end && !args->failed->load(std::memory_order_relaxed); unit++)
      body(unit, scratch);
  } catch (const Failure& failure) {
    if (!args->failed->exchange(true)) *args->failure = failure;
  } catch (const std::bad_alloc&) {
    if (!args->failed->exchange(true))
      *args->failure = Failure("OUT_OF_MEMORY", "expected memory to read the weights");
  }
}

void load_panels(const LoadArgs* args, size_t begin, size_t end) {
  const WeightRecord& w = *args->weight;
  const size_t row = row_bytes(w.dtype, w.cols), panel = panel_bytes(w.dtype, w.cols);
  guarded(args, begin, end, [&](size_t unit, std::vector<uint8_t>& scratch) {
    const size_t first = unit * kLanes, rows = std::min<size_t>(kLanes, w.rows - first);
    const uint8_t* from = args->source->read(w.offset + first * row, rows * row, scratch);
    const PackArgs one{args->out + unit * panel, from, rows, w.cols, w.dtype};
    pack_panels(&one, 0, 1);
  });
}

void load_rows(const LoadArgs* args, size_t begin, size_t end) {
  const WeightRecord& w = *args->weight;
  guarded(args, begin, end, [&](size_t unit, std::vector<uint8_t>& scratch) {
    const uint64_t at = uint64_t{unit} * kCopyBytes;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(kCopyBytes, w.bytes - at));
    std::memcpy(args->out + at, args->source->read(w.offset + at, count, scratch), count);
  });
}

}  // namespace

Weights::Weights(const Program& program, const std::vector<Source>& sources, ThreadPool& pool)
    : packed_(program.weights.size()) {
  const auto stays = [&](const WeightRecord& w) {
    return form_of(w) == Form::kRows && sources[w.source].lasting(w.offset) != nullptr;
  };
  for (const WeightRecord& w : program.weights)
    if (!stays(w)) bytes_ += packed_bytes(w);
  expect_memory(bytes_, "the weights");
  // One piece: small matrices, too, lie on huge pages then.
  memory_ = allocate_floats(bytes_ / sizeof(float), "the weights");
  auto* out = reinterpret_cast<uint8_t*>(memory_.get());
  std::atomic<bool> failed{false};
  Failure failure("IO", "");
  std::vector<uint8_t> scratch;
  for (size_t i = 0; i < program.weights.size() && !failed.load(); i++) {
    const WeightRecord& w = program.weights[i];
    const Form form = form_of(w);
    if (form == Form::kUnused) continue;
    const Source& source = sources[w.source];
    if (stays(w)) {
      packed_[i] = {source.lasting(w.offset), w.rows, w.cols, w.dtype, false};
      mappings_.push_back(source.keep_alive());
      continue;
    }
    const LoadArgs args{out, &source, &w, &failed, &failure};
    if (form == Form::kPanels) {
      pool.split<LoadArgs>(load_panels, args, round_up(size_t{w.rows}, kLanes) / kLanes,
                           size_t{w.cols} * kLanes);
      packed_[i] = {out, w.rows, w.cols, w.dtype, true};
    } else if (form == Form::kVector) {
      auto* floats = reinterpret_cast<float*>(out);
      widen(w.dtype, source.read(w.offset, static_cast<size_t>(w.bytes), scratch), 0, w.cols, floats);
      std::fill(floats + w.cols, floats + round_up(size_t{w.cols}, kLanes), 0.0f);
      packed_[i] = {out, w.rows, w.cols, Dtype::kF32, false};
    } else {
      pool.split<LoadArgs>(load_rows, args, static_cast<size_t>((w.bytes + kCopyBytes - 1) / kCopyBytes),
                           kCopyBytes);
      packed_[i] = {out, w.rows, w.cols, w.dtype, false};
    }
    out += packed_bytes(w);
  }
  if (failed.load()) throw failure;
}

}  // namespace ggma
