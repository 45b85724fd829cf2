// Finds f32 weights that 16 bits hold exactly. Most checkpoints are trained in bf16 or f16 and then written
// as f32, so half of each float is zeros. Kernels widen the 16 bits to the same floats as in the file and
// compute as with f32 (kernels/matmul.inc). So every result keeps its bits, and there is half as much memory
// to read.
#ifndef GGMA_CORE_NARROW_H
#define GGMA_CORE_NARROW_H

#include "kernels/kernels.h"

namespace ggma {

// f32 → `dtype` (kBf16, kF16), `count` elements. Returns false if one of them is not exact; then `out` holds
// nothing useful. `floats` need not be aligned. NaN and infinity count as exact in bf16 alone.
bool narrow(Dtype dtype, const uint8_t* floats, size_t count, uint16_t* out);

}  // namespace ggma

#endif
