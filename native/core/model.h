// A loaded program: its packed weights, position tables and sequences, and single steps of them. Batch
// decodes.
#ifndef GGMA_CORE_MODEL_H
#define GGMA_CORE_MODEL_H

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/distribution.h"
#include "core/executor.h"
#include "core/logprobs.h"

namespace ggma {

struct MemoryUse {
  uint64_t weight_bytes, kv_bytes, arena_bytes;
};

// Members marked "driver" may be called by one thread at a time, the engine's. All others may be called by
// any thread.
class Model {
 public:
  // Packs the weights; the sources may go afterwards. Throws OUT_OF_MEMORY, IO, and what loading.cancel
  // throws. Driver.
  Model(Program program, const std::vector<Source>& sources, const KernelTable& kernels, ThreadPool& pool,
        std::shared_ptr<MemoryBudget> budget, bool profile = false, const Loading& loading = {});
  Model(const Model&) = delete;

  int32_t create_sequence();
  // A sequence that begins as `id` does: its first `positions` tokens, in shared memory. Throws
  // SEQUENCE_UNKNOWN, STEP_INVALID. Driver.
  int32_t fork_sequence(int32_t id, int32_t positions);
  // Its memory goes at once, or with the job that uses it. Throws SEQUENCE_UNKNOWN.
  void free_sequence(int32_t id);
  int32_t sequence_length(int32_t id) const;
  MemoryUse memory() const;
  // Greedy tokens so far that took no pass over the whole output matrix. Driver.
  uint64_t screened() const { return executor_.screened(); }
  PositionTables& tables() { return tables_; }
  const Weights& weights() const { return weights_; }
  const Program& program() const { return program_; }
  // null unless it was asked for. Driver.
  const Profiler* profiler() const { return profiler_.get(); }

  // rows: count × [token, sequence, position, want logits]. Returns the argmax of each wanted row and copies
  // their logits to `logits` [wanted rows, vocab] when it is not null. Throws STEP_INVALID, SEQUENCE_UNKNOWN,
  // TABLE_MISSING and OUT_OF_MEMORY before anything has changed; NUMERIC, CANCELLED and DISPOSED leave each
  // sequence with what stood before the step's first row. Driver.
  std::vector<int32_t> step(const int32_t* rows, size_t count, float* logits, size_t logits_floats,
                            const Cancel& cancel);

 private:
  friend class Batch;
  struct Part;  // one sequence's rows of a step

  int32_t add(std::shared_ptr<Sequence> sequence);
  std::shared_ptr<Sequence> find(int32_t id) const;
  std::vector<Part> check_rows(const int32_t* rows, size_t count, std::vector<Row>& out) const;
  void expect_token(int32_t token, const std::string& path) const;

  const Program program_;
  const Weights weights_;
  PositionTables tables_;
  const std::unique_ptr<Profiler> profiler_;
  Executor executor_;
  Distribution distribution_;
  Logprobs logprobs_;
  const std::shared_ptr<KvMemory> kv_;
  mutable std::mutex mutex_;  // sequences_, next_id_
  std::map<int32_t, std::shared_ptr<Sequence>> sequences_;
  int32_t next_id_ = 0;
  std::atomic<uint64_t> turns_{0};  // parts of all steps so far (Batch)
};

}  // namespace ggma

#endif
