#include "core/weights.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "core/failure.h"
#include "core/float_environment.h"
#include "core/narrow.h"
#include "core/pack.h"

namespace ggma {
namespace {

// One weight on its way from a source. Units are panels, or pieces of rows that are copied as they are.
struct LoadArgs {
  uint8_t* out;
  const Source* source;
  const WeightRecord* weight;
  Dtype dtype;              // of out
  std::atomic<bool>* lost;  // an element that is not exact in it: what has been written is of no use
  std::atomic<bool>* failed;
  Failure* failure;  // of the thread that set `failed` first
  const Loading* loading;
};
constexpr size_t kCopyBytes = 1 << 18;

struct Scratch {
  std::vector<uint8_t> bytes;
  std::vector<uint16_t> halves;
};

// Threads of the pool throw nothing: the first failure is kept, and ends the others' work.
template <class Body>
void guarded(const LoadArgs* args, size_t begin, size_t end, Body body) {
  try {
    Scratch scratch;
    for (size_t unit = begin; unit < end; unit++) {
      if (args->failed->load(std::memory_order_relaxed) || args->lost->load(std::memory_order_relaxed))
        return;
      if (!args->loading->begin_piece()) return;
      body(unit, scratch);
    }
  } catch (const Failure& failure) {
    if (!args->failed->exchange(true)) *args->failure = failure;
  } catch (const std::bad_alloc&) {
    if (!args->failed->exchange(true))
      *args->failure = Failure("OUT_OF_MEMORY", "expected memory to read the weights");
  }
}

void load_panels(const LoadArgs* args, size_t begin, size_t end) {
  const WeightRecord& w = *args->weight;
  const size_t row = row_bytes(w.dtype, w.cols), panel = panel_bytes(args->dtype, w.cols);
  guarded(args, begin, end, [&](size_t unit, Scratch& scratch) {
    const size_t first = unit * kLanes, rows = std::min<size_t>(kLanes, w.rows - first);
    const uint8_t* from = args->source->read(w.offset + first * row, rows * row, scratch.bytes);
    if (args->dtype != w.dtype) {
      scratch.halves.resize(rows * w.cols);
      if (!narrow(args->dtype, from, rows * w.cols, scratch.halves.data())) return args->lost->store(true);
      from = reinterpret_cast<const uint8_t*>(scratch.halves.data());
    }
    const PackArgs one{args->out + unit * panel, from, rows, w.cols, args->dtype};
    pack_panels(&one, 0, 1);
  });
}

void load_rows(const LoadArgs* args, size_t begin, size_t end) {
  const WeightRecord& w = *args->weight;
  guarded(args, begin, end, [&](size_t unit, Scratch& scratch) {
    const uint64_t at = uint64_t{unit} * kCopyBytes;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(kCopyBytes, w.bytes - at));
    if (args->dtype == w.dtype) return args->source->copy(w.offset + at, count, args->out + at);
    const uint8_t* from = args->source->read(w.offset + at, count, scratch.bytes);
    auto* out = reinterpret_cast<uint16_t*>(args->out + at / 2);
    if (!narrow(args->dtype, from, count / sizeof(float), out)) args->lost->store(true);
  });
}

// From its source to `out`, in the form that kernels want.
void load(ThreadPool& pool, const LoadArgs& args, WeightForm form, uint64_t packed) {
  const WeightRecord& w = *args.weight;
  if (w.packed || form == WeightForm::kRows) {
    pool.split<LoadArgs>(load_rows, args, static_cast<size_t>((w.bytes + kCopyBytes - 1) / kCopyBytes),
                         kCopyBytes);
    const uint64_t end = args.dtype == w.dtype ? w.bytes : w.bytes / 2;
    std::fill(args.out + end, args.out + packed, uint8_t{0});
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

// The dtype that a few of its rows lose nothing in. The others may: load_panels and load_rows find out.
Dtype guess(const WeightRecord& w, const Source& source) {
  std::vector<uint8_t> scratch;
  std::vector<uint16_t> halves(w.cols);
  const size_t row = row_bytes(w.dtype, w.cols);
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kF16}) {
    bool exact = true;
    for (const uint32_t r : {0u, w.rows / 3, w.rows / 2, w.rows - 1})
      exact = exact &&
              narrow(dtype, source.read(w.offset + uint64_t{r} * row, row, scratch), w.cols, halves.data());
    if (exact) return dtype;
  }
  return w.dtype;
}

}  // namespace

Weights::Weights(const Program& program, const std::vector<Source>& sources, ThreadPool& pool,
                 const std::shared_ptr<MemoryBudget>& budget, const Loading& loading)
    : packed_(program.weights.size()), sizes_(program.weights.size()) {
  const FloatEnvironment environment;
  // What they are packed as: the records with other dtypes.
  std::vector<WeightRecord> records = program.weights;
  for (WeightRecord& w : records) {
    loading.cancel.check();
    const WeightForm form = form_of(w);
    const bool narrows = program.narrowed && w.dtype == Dtype::kF32 && !w.packed &&
                         (form == WeightForm::kPanels || form == WeightForm::kRows);
    if (narrows && !in_place(w, sources[w.source])) w.dtype = guess(w, sources[w.source]);
  }
  while (!load_all(program, records, sources, pool, budget, loading)) {
  }
}

// false: some records, which now have their next dtype, did not fit into what they were guessed to.
bool Weights::load_all(const Program& program, std::vector<WeightRecord>& records,
                       const std::vector<Source>& sources, ThreadPool& pool,
                       const std::shared_ptr<MemoryBudget>& budget, const Loading& loading) {
  bytes_ = 0;
  mappings_.clear();
  for (size_t i = 0; i < records.size(); i++) {
    const WeightRecord& w = records[i];
    sizes_[i] = packed_bytes(w);
    if (!in_place(w, sources[w.source])) {
      bytes_ += sizes_[i];
    } else if (!w.packed) {
      sizes_[i] = 0;
    }
  }
  // What an attempt before this one took.
  memory_.reset();
  share_.reset();
  if (budget) share_ = std::make_unique<BudgetShare>(budget, bytes_, "the weights");
  expect_memory(bytes_, "the weights");
  // One piece: small matrices, too, lie on huge pages then.
  memory_ = allocate_floats(bytes_ / sizeof(float), "the weights");
  auto* out = reinterpret_cast<uint8_t*>(memory_.get());
  std::atomic<bool> failed{false};
  Failure failure("IO", "");
  bool fit = true;
  for (size_t i = 0; i < records.size() && !failed.load(); i++) {
    WeightRecord& w = records[i];
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
    std::atomic<bool> lost{false};
    load(pool, LoadArgs{out, &source, &program.weights[i], w.dtype, &lost, &failed, &failure, &loading}, form,
         sizes_[i]);
    loading.cancel.check();
    out += sizes_[i];
    if (!lost.load()) continue;
    w.dtype = w.dtype == Dtype::kBf16 ? Dtype::kF16 : Dtype::kF32;
    fit = false;
  }
  if (failed.load()) throw failure;
  return fit;
}

}  // namespace ggma
