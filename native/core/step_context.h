// What a step sees while it runs: one chunk of rows, and the ways to reach slots, weights and threads.
#ifndef GGMA_CORE_STEP_CONTEXT_H
#define GGMA_CORE_STEP_CONTEXT_H

#include <algorithm>

#include "core/pool.h"
#include "core/program.h"
#include "core/weights.h"
#include "kernels/kernels.h"

namespace ggma {

// From here on a row's attention is worth splitting.
constexpr size_t kSplitPositions = 2048;

struct StepContext {
  const Program& program;
  const KernelTable& kernels;
  const PackedWeight* weights;
  ThreadPool& pool;
  float* arena;     // slot s lies at offset · all_rows, its rows width apart
  float* scratch;   // [rows, program.scratch_width]
  size_t all_rows;  // rows of the chunk
  size_t rows;      // rows that the running step covers: all, or the wanted ones
  size_t wanted_rows;
  const int32_t* tokens;       // [all_rows]
  const int32_t* positions;    // [all_rows]
  const uint32_t* wanted;      // [wanted_rows] row numbers, ascending
  void* const* row_blocks;     // [all_rows]: the KV block of each row's position
  const AttentionTile* tiles;  // [tile_count]
  size_t tile_count;
  const float* const* tables;  // [tables] → [all_rows, width]
  QuantBlock* quantised;       // [rows, program.quantised_width / 32]: the rows of quantised_slot
  uint32_t quantised_slot;     // kNone: of none
  float* split_memory =
      nullptr;  // for a single row far from the start: see attention_split; null: there is none

  float* slot(uint32_t index) const { return arena + size_t{program.slots[index].offset} * all_rows; }
  size_t width(uint32_t index) const { return program.slots[index].width; }
  const PackedWeight& weight(uint32_t index) const { return weights[index]; }
  // Of `width` floats in each row that the step covers.
  uint64_t float_bytes(size_t width) const { return uint64_t{rows} * width * sizeof(float); }

  // Every step's first operand is the slot that it writes.
  void written(uint32_t slot) {
    if (quantised_slot == kNone) return;
    const SlotRecord &a = program.slots[slot], &b = program.slots[quantised_slot];
    if (a.offset < b.offset + b.width && b.offset < a.offset + a.width) quantised_slot = kNone;
  }

  // Runs kernel over [0, count), on several threads when it is worth it. unit_work: fused multiply-adds of
  // one unit.
  template <class Args>
  void split(Kernel<Args> kernel, const Args& args, size_t count, size_t unit_work) {
    pool.split(kernel, args, count, unit_work);
  }

  // Work of one (tile, kv_head), on average.
  size_t attention_work(size_t window, size_t heads, size_t head_dim) const {
    size_t seen = 0;
    for (size_t r = 0; r < all_rows; r++) {
      const size_t length = static_cast<size_t>(positions[r]) + 1;
      seen += window != 0 ? std::min(window, length) : length;
    }
    // A score's exponential costs about as much as 12 multiply-adds.
    return seen * heads * (2 * head_dim + 12) / std::max<size_t>(1, tile_count);
  }
};

}  // namespace ggma

#endif
