// The kernels for AVX2 + FMA + F16C. No C++ library header here: templates compiled for AVX would leak.
#include <immintrin.h>

#include "isa/isa.h"
#include "kernels/kernels.h"

#define GGMA_INLINE __attribute__((always_inline)) inline

namespace ggma {
namespace {
#include "simd/half.h"
//
#include "simd/avx2.h"
//
#include "isa/body.inc"
}  // namespace

extern const KernelTable GGMA_PART_OF(kAvx2Kernels) = {
    "avx2",
#include "isa/table.inc"
};
}  // namespace ggma
