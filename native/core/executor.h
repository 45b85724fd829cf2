// Runs a program's steps over one chunk of rows.
#ifndef GGMA_CORE_EXECUTOR_H
#define GGMA_CORE_EXECUTOR_H

#include <memory>
#include <vector>

#include "core/cancel.h"
#include "core/greedy.h"
#include "core/kv_cache.h"
#include "core/position_tables.h"
#include "core/profile.h"
#include "core/step_context.h"

namespace ggma {

// Rows per chunk: enough to read the weights seldom, few enough for the intermediate values to stay in cache.
constexpr size_t kChunkRows = 128;

struct Row {
  int32_t token;
  Sequence* sequence;
  int32_t position;
  bool wanted;
};

class Executor {
 public:
  Executor(const Program& program, const Weights& weights, const PositionTables& tables,
           const KernelTable& kernels, ThreadPool& pool, Profiler* profiler, const Loading& loading)
      : program_(program),
        weights_(weights),
        tables_(tables),
        kernels_(kernels),
        pool_(pool),
        greedy_(program, weights, kernels, pool, loading),
        profiler_(profiler) {}

  // rows: at most kChunkRows, those of one sequence consecutive and ascending; their sequences have room.
  // Leaves the argmax of the wanted rows' logits in ids (−1: not finite), and when they are asked for, the
  // logits in logits(). Throws OUT_OF_MEMORY and what cancel throws.
  void run(const Row* rows, size_t count, const Cancel& cancel, bool with_logits, std::vector<int32_t>& ids);

  // [wanted rows, vocab] of the last run, if it was asked for them or complete_logits() came since.
  const float* logits() const { return output(Output::kLogits); }
  // [wanted rows, width] of an output that the program has, after the last run.
  const float* output(Output what) const;
  // Computes the logits of the last run where it left them out: the same bits as if it had been asked for
  // them.
  void complete_logits();
  // Of copies of weights that it made for itself.
  uint64_t weight_bytes() const { return greedy_.bytes(); }
  uint64_t screened() const { return greedy_.screened(); }
  uint64_t arena_bytes() const {
    return (arena_floats_.load() + scratch_floats_.load() + split_floats_.load()) * sizeof(float);
  }

 private:
  void grow(size_t rows);
  float* split_memory(const Row* rows, size_t count);
  void lay_out(const Row* rows, size_t count);
  StepContext context_of(size_t count);

  const Program& program_;
  const Weights& weights_;
  const PositionTables& tables_;
  const KernelTable& kernels_;
  ThreadPool& pool_;
  Greedy greedy_;
  Profiler* const profiler_;  // null: nobody measures
  size_t capacity_ = 0, rows_ = 0;
  bool has_logits_ = true;  // of the last run
  FloatBuffer arena_, scratch_, table_rows_, quantised_, split_;
  std::atomic<uint64_t> arena_floats_{0}, scratch_floats_{0}, split_floats_{0};  // other threads ask
  std::vector<int32_t> tokens_, positions_;
  std::vector<uint32_t> wanted_;
  std::vector<void*> row_blocks_;
  std::vector<AttentionTile> tiles_;
  std::vector<const float*> table_pointers_;
};

}  // namespace ggma

#endif
