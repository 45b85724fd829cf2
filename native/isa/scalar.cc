// The kernels without vector instructions: every CPU runs them.
#include "isa/isa.h"
#include "kernels/kernels.h"

// The compiler decides: arrays of sixteen floats gain nothing by being inlined everywhere, and compile for a
// minute.
#define GGMA_INLINE inline

namespace ggma {
namespace {
#include "simd/half.h"
//
#include "simd/scalar.h"
//
#include "isa/body.inc"
}  // namespace

extern const KernelTable GGMA_PART_OF(kScalarKernels) = {
    "scalar",
#include "isa/table.inc"
};
}  // namespace ggma
