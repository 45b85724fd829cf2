// f32 weights that lose nothing as 16 bits. Most checkpoints are trained in bf16 or f16 and written as f32
// afterwards: half of each of their floats is zeros. Kernels widen 16 bits to the very floats of the file and
// go on as with f32 (kernels/matmul.inc), so results keep their bits, with half of the memory to read.
#ifndef GGMA_CORE_NARROW_H
#define GGMA_CORE_NARROW_H

#include "kernels/kernels.h"

namespace ggma {

// f32 → `dtype` (kBf16, kF16), `count` elements; false, with `out` of no use, when one of them is not exact.
// `floats` need not be aligned. NaN and infinity count as exact in bf16 alone.
bool narrow(Dtype dtype, const uint8_t* floats, size_t count, uint16_t* out);

}  // namespace ggma

#endif
