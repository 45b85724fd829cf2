// The kernels without vector instructions: every CPU runs them.
#include "isa/isa.h"
#include "kernels/kernels.h"

#define GGMA_INLINE __attribute__((always_inline)) inline

namespace ggma {
namespace {
#include "simd/half.h"
//
#include "simd/scalar.h"
//
#include "isa/body.inc"
}  // namespace

extern const KernelTable kScalarKernels = {
    "scalar",
#include "isa/table.inc"
};
}  // namespace ggma
