// What a kernel sees of the world: argument records and the table of function pointers of one instruction
// set. Plain data only; instruction-set files include this and no C++ library header.
#ifndef GGMA_KERNELS_KERNELS_H
#define GGMA_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "generated/format.h"

namespace ggma {

// Outputs (or positions) side by side in one vector: the width of a packed weight panel.
constexpr uint32_t kLanes = 16;
// Positions of one block of KV memory, and of one step of attention's softmax; anchored at position 0.
constexpr uint32_t kKvBlock = 64;
// Elements of a quantised block: GGML's for weights, ours for activations.
constexpr uint32_t kQuantBlock = 32;

constexpr size_t round_up(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// A packed matrix [rows = outputs, cols = inputs] is panels of 16 rows, each a multiple of 64 bytes:
//   f32, f16, bf16  [cols][16 rows]
//   q8_0, q4_0      for every two blocks of 32 columns: scales f16 [2][16 rows], then the blocks
//     a block of q8_0  [8 groups][16 rows][4 columns] int8
//     a block of q4_0  [4][16 rows][4] bytes: the low nibbles of byte vector v are group v of 4 columns, the
//                      high ones group v + 4; value = nibble − 8
// Rows beyond the last are 0. Scales lie among what they scale: a stream of them beside the blocks' costs a
// third of the memory's speed.
constexpr size_t packed_block_bytes(Dtype dtype) { return dtype == Dtype::kQ8_0 ? 512 : 256; }
// From the panel's start to a block, and to its scales.
constexpr size_t packed_block_at(size_t block, size_t bytes) { return (block / 2 + 1) * 64 + block * bytes; }
constexpr size_t packed_scale_at(size_t block, size_t bytes) {
  return block / 2 * (64 + 2 * bytes) + block % 2 * 32;
}
constexpr size_t panel_bytes(Dtype dtype, size_t cols) {
  switch (dtype) {
    case Dtype::kF16:
    case Dtype::kBf16:
      return round_up(cols * 2 * kLanes, 64);
    case Dtype::kQ8_0:
    case Dtype::kQ4_0:
      return (cols / kQuantBlock + 1) / 2 * 64 + cols / kQuantBlock * packed_block_bytes(dtype);
    default:
      return cols * 4 * kLanes;
  }
}
constexpr bool is_quantised(Dtype dtype) { return dtype == Dtype::kQ8_0 || dtype == Dtype::kQ4_0; }

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
#define GGMA_OP(Operands, Step)
#include "kernels/kernels.inc"
#undef GGMA_OP
#undef GGMA_KERNEL
#undef GGMA_SECTION_ROWS
};

}  // namespace ggma

#endif
