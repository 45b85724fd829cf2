// Which instruction sets this machine runs.
#ifndef GGMA_ISA_DISPATCH_H
#define GGMA_ISA_DISPATCH_H

#include <vector>

#include "kernels/kernels.h"

namespace ggma {

// Best first; the last is always "scalar".
std::vector<const KernelTable*> available_kernels();

// The table of that name; the best one for null or "". Throws Failure NATIVE_ISA naming the choices.
const KernelTable& choose_kernels(const char* name);

}  // namespace ggma

#endif
