// What a kernel sees of the world: argument records and the table of function pointers of one instruction
// set. Plain data only; instruction-set files include this and no C++ library header.
#ifndef GGMA_KERNELS_KERNELS_H
#define GGMA_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

namespace ggma {

// Outputs (or positions) side by side in one vector: the width of a packed weight panel.
constexpr uint32_t kLanes = 16;
// Positions of one block of KV memory, and of one step of attention's softmax; anchored at position 0.
constexpr uint32_t kKvBlock = 64;
constexpr uint32_t kMaxHeadDim = 256;

constexpr size_t round_up(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Each kernel file gives its own argument record, if it has one.
struct ElementwiseArgs {
  float* dst;      // [rows, width]; may be a or b
  const float* a;  // [rows, width]
  const float* b;  // [rows, width], or unused
  size_t width;
  float factor;
};

#define GGMA_SECTION_ARGS
#include "kernels/kernels.inc"
#undef GGMA_SECTION_ARGS

// Every kernel computes [begin, end) of what its comment calls its range, and touches nothing else.
template <class Args>
using Kernel = void (*)(const Args* args, size_t begin, size_t end);

struct KernelTable {
  const char* name;
#define GGMA_SECTION_ROWS
#define GGMA_KERNEL(kernel, Args) Kernel<Args> kernel;
#define GGMA_OP(code, NAME, Step)
#include "kernels/kernels.inc"
#undef GGMA_OP
#undef GGMA_KERNEL
#undef GGMA_SECTION_ROWS
};

}  // namespace ggma

#endif
