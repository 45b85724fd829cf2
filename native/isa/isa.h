// One table of kernels per instruction set and part (kernels/kernels.inc), with null for what is in other
// parts. isa/dispatch.h puts them together.
#ifndef GGMA_ISA_ISA_H
#define GGMA_ISA_ISA_H

#include "kernels/kernels.h"

// The name of the table of part GGMA_PART.
#define GGMA_PASTE(name, part) name##part
#define GGMA_NAME_OF(name, part) GGMA_PASTE(name, part)
#define GGMA_PART_OF(name) GGMA_NAME_OF(name, GGMA_PART)

// As many as CMakeLists.txt compiles.
#define GGMA_PARTS(DO, name) DO(name##1) DO(name##2) DO(name##3) DO(name##4)

namespace ggma {

#define GGMA_DECLARE(table) extern const KernelTable table;
GGMA_PARTS(GGMA_DECLARE, kScalarKernels)
#if defined(__x86_64__) || defined(_M_X64)
GGMA_PARTS(GGMA_DECLARE, kAvx2Kernels)
GGMA_PARTS(GGMA_DECLARE, kAvx512Kernels)
#elif defined(__aarch64__)
GGMA_PARTS(GGMA_DECLARE, kNeonKernels)
GGMA_PARTS(GGMA_DECLARE, kNeonDotKernels)
#endif
#undef GGMA_DECLARE

}  // namespace ggma

#endif
