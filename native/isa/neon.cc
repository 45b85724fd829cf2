// The kernels for ARMv8-A. No C++ library header here: see avx2.cc.
#include <arm_neon.h>

#include "isa/isa.h"
#include "kernels/kernels.h"

#define GGMA_INLINE __attribute__((always_inline)) inline

namespace ggma {
namespace {
#include "simd/half.h"
//
#include "simd/neon.h"
//
#include "isa/body.inc"
}  // namespace

extern const KernelTable GGMA_PART_OF(kNeonKernels) = {
    "neon",
#include "isa/table.inc"
};
}  // namespace ggma
