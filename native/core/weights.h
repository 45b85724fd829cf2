// Weights as the kernels want them: matrices in panels of 16 outputs (kernels/kernels.h) in the dtype of the
// file, or in 16 bits where f32 loses nothing that way (core/narrow.h); vectors widened to f32.
#ifndef GGMA_CORE_WEIGHTS_H
#define GGMA_CORE_WEIGHTS_H

#include <vector>

#include "core/budget.h"
#include "core/buffer.h"
#include "core/cancel.h"
#include "core/pool.h"
#include "core/program.h"
#include "core/source.h"

namespace ggma {

struct PackedWeight {
  const void* data = nullptr;  // null: no step uses it
  size_t rows = 0, cols = 0;
  Dtype dtype = Dtype::kF32;
  bool packed = false;  // panels; otherwise row by row as in the file, or a vector

  // f32, rounded up to 16 with zeros
  const float* vector() const { return static_cast<const float*>(data); }
};

class Weights {
 public:
  // Copies out of the sources, which may go afterwards; of a mapped one, what kernels use as it is in the
  // file (rows, and all that is packed) stays there. Throws OUT_OF_MEMORY, IO.
  // budget: null, or what they count against. Throws what loading.cancel throws, a piece later at most.
  Weights(const Program& program, const std::vector<Source>& sources, ThreadPool& pool,
          const std::shared_ptr<MemoryBudget>& budget = nullptr, const Loading& loading = {});

  const PackedWeight* data() const { return packed_.data(); }
  // Bytes of each as it is packed; 0: no step uses it, or it lies in a mapped file as it was.
  const std::vector<uint64_t>& sizes() const { return sizes_; }
  // Of memory of its own.
  uint64_t bytes() const { return bytes_; }

 private:
  bool load_all(const Program& program, std::vector<WeightRecord>& records,
                const std::vector<Source>& sources, ThreadPool& pool,
                const std::shared_ptr<MemoryBudget>& budget, const Loading& loading);

  std::unique_ptr<BudgetShare> share_;
  std::vector<PackedWeight> packed_;
  std::vector<uint64_t> sizes_;
  FloatBuffer memory_;
  std::vector<std::shared_ptr<const void>> mappings_;
  uint64_t bytes_ = 0;
};

}  // namespace ggma

#endif
