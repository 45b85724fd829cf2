#include "core/weights.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "core/failure.h"
#include "core/pack.h"

namespace ggma {
namespace {

// One weight on its way from a source. Units are panels, or pieces of rows that are copied as they are.
struct LoadArgs {
  uint8_t* out;
  const Source* source;
  const WeightRecord* weight;
  std::atomic<bool>* failed;
  Failure* failure;  // of the thread that set `failed` first
};
constexpr size_t kCopyBytes = 1 << 18;

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
  guarded(args, begin, end, [&](size_t unit, std::vector<uint8_t>&) {
    const uint64_t at = uint64_t{unit} * kCopyBytes;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(kCopyBytes, w.bytes - at));
    args->source->copy(w.offset + at, count, args->out + at);
  });
}

// From its source to `out`, in the form that kernels want.
void load(ThreadPool& pool, const LoadArgs& args) {
  const WeightRecord& w = *args.weight;
  const WeightForm form = form_of(w);
  if (w.packed || form == WeightForm::kRows) {
    pool.split<LoadArgs>(load_rows, args, static_cast<size_t>((w.bytes + kCopyBytes - 1) / kCopyBytes),
                         kCopyBytes);
    std::fill(args.out + w.bytes, args.out + packed_bytes(w), uint8_t{0});
  } else if (form == WeightForm::kPanels) {
    pool.split<LoadArgs>(load_panels, args, round_up(size_t{w.rows}, kLanes) / kLanes,
                         size_t{w.cols} * kLanes);
  } else {
    std::vector<uint8_t> scratch;
    auto* floats = reinterpret_cast<float*>(args.out);
    widen(w.dtype, args.source->read(w.offset, static_cast<size_t>(w.bytes), scratch), 0, w.cols, floats);
    std::fill(floats + w.cols, floats + round_up(size_t{w.cols}, kLanes), 0.0f);
  }
}

// Where kernels can use it in its source; null: it has to be copied.
const uint8_t* in_place(const WeightRecord& w, const Source& source) {
  const uint8_t* bytes = source.lasting(w.offset);
  if (w.packed) return reinterpret_cast<uintptr_t>(bytes) % 64 == 0 ? bytes : nullptr;
  return form_of(w) == WeightForm::kRows ? bytes : nullptr;
}

}  // namespace

Weights::Weights(const Program& program, const std::vector<Source>& sources, ThreadPool& pool)
    : packed_(program.weights.size()), sizes_(program.weights.size()) {
  for (size_t i = 0; i < sizes_.size(); i++) {
    const WeightRecord& w = program.weights[i];
    sizes_[i] = packed_bytes(w);
    if (!in_place(w, sources[w.source])) {
      bytes_ += sizes_[i];
    } else if (!w.packed) {
      sizes_[i] = 0;
    }
  }
  expect_memory(bytes_, "the weights");
  // One piece: small matrices, too, lie on huge pages then.
  memory_ = allocate_floats(bytes_ / sizeof(float), "the weights");
  auto* out = reinterpret_cast<uint8_t*>(memory_.get());
  std::atomic<bool> failed{false};
  Failure failure("IO", "");
  for (size_t i = 0; i < program.weights.size() && !failed.load(); i++) {
    const WeightRecord& w = program.weights[i];
    const WeightForm form = form_of(w);
    if (form == WeightForm::kUnused) continue;
    const Source& source = sources[w.source];
    const Dtype dtype = form == WeightForm::kVector ? Dtype::kF32 : w.dtype;
    packed_[i] = {out, w.rows, w.cols, dtype, form == WeightForm::kPanels};
    if (const uint8_t* there = in_place(w, source)) {
      packed_[i].data = there;
      mappings_.push_back(source.keep_alive());
      continue;
    }
    load(pool, LoadArgs{out, &source, &w, &failed, &failure});
    out += sizes_[i];
  }
  if (failed.load()) throw failure;
}

}  // namespace ggma
