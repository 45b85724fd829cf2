// One table of kernels per instruction set, and the choice among them.
#ifndef GGMA_ISA_ISA_H
#define GGMA_ISA_ISA_H

#include "kernels/kernels.h"

namespace ggma {

extern const KernelTable kScalarKernels;
#if defined(__x86_64__) || defined(_M_X64)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#elif defined(__aarch64__)
extern const KernelTable kNeonKernels;
extern const KernelTable kNeonDotKernels;
#endif

}  // namespace ggma

#endif
