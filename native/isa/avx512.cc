// The kernels for AVX-512 F, BW, VL, VNNI. No C++ library header here: see avx2.cc.
#include <immintrin.h>

#include "isa/isa.h"
#include "kernels/kernels.h"

#define GGMA_INLINE __attribute__((always_inline)) inline

namespace ggma {
namespace {
#include "simd/half.h"
//
#include "simd/avx512.h"
//
#include "isa/body.inc"
}  // namespace

extern const KernelTable GGMA_PART_OF(kAvx512Kernels) = {
    "avx512",
#include "isa/table.inc"
};
}  // namespace ggma
