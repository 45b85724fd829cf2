// Weights as the kernels want them: widened to f32, matrices in panels of 16 outputs [panel][column][16].
#ifndef GGMA_CORE_WEIGHTS_H
#define GGMA_CORE_WEIGHTS_H

#include <vector>

#include "core/buffer.h"
#include "core/pool.h"
#include "core/program.h"

namespace ggma {

struct PackedWeight {
  const float* data = nullptr;  // null: no step uses it
  size_t rows = 0, cols = 0;
  bool packed = false;  // panels; otherwise row by row, rounded up to 16 floats with zeros
};

class Weights {
 public:
  // Copies out of the sources, which may go afterwards. Throws OUT_OF_MEMORY.
  Weights(const Program& program, const std::vector<const uint8_t*>& sources, ThreadPool& pool);

  const PackedWeight* data() const { return packed_.data(); }
  uint64_t bytes() const { return bytes_; }

 private:
  std::vector<PackedWeight> packed_;
  std::vector<FloatBuffer> memory_;
  uint64_t bytes_ = 0;
};

// `count` elements from element `first` on of a row that starts at `row`, as f32. first is a multiple of 32.
void widen(Dtype dtype, const uint8_t* row, size_t first, size_t count, float* out);

}  // namespace ggma

#endif
