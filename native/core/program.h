// The program: what TypeScript (lib/plan/encode.ts) writes and native code runs. This comment is the format;
// its numbers are in lib/plan/format.ts and its instructions in lib/plan/instructions.ts, from which
// generated/format.h and generated/instructions.h are made.
//
// Little-endian, words are u32 unless said otherwise. The header is followed by sections, in any order, at
// byte offsets from the program's start that are multiples of 8. The header has the length of the program in
// bytes, the arena width (floats of one row's intermediate values), the number of sources (memories that
// weights lie in, passed beside the program), and the number of records and the offset of each section:
//
//   weight  40 bytes: dtype · source · u64 offset in it · u64 bytes · rows · cols · form · 0. A matrix [rows
//   =
//           outputs, cols = inputs]; a vector has rows = 1. form 0: row by row, as in a Circle file;
//           kPackedForm: as kernels want it, packed_bytes at a multiple of 64 (of a prepared package,
//           lib/package/prepared).
//   slot    2 words: offset within a row's arena, width; in floats. Slots may share memory: a step that reads
//           one which another has overwritten since is refused.
//   table   1 word: width. Row vectors that depend on the position alone (cos, sin).
//   cache   2 words: kv_heads, head_dim. One per ATTENTION.
//   output  3 words: what it is (Output), slot, width. The slot is read in the wanted rows after the last
//   step.
//           Each Output stands once at most; every program has kLogits, whose width is the vocabulary's.
//   steps   words: opcode · flags · operands, as many as the opcode has. A float operand is its bits. flags
//   bit
//           0, kWantedRows: the step runs over the wanted rows (those whose outputs are asked for), which
//           SELECT brings together.
//
// dst of RMS_NORM and of elementwise steps may be the slot that they read.
#ifndef GGMA_CORE_PROGRAM_H
#define GGMA_CORE_PROGRAM_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "generated/format.h"
#include "generated/instructions.h"
#include "kernels/kernels.h"

namespace ggma {

// How steps use a weight decides how it is packed.
enum class WeightUse : uint8_t { kVector = 1, kGather = 2, kMatmul = 4 };

struct WeightRecord {
  Dtype dtype;
  uint32_t source;
  uint64_t offset, bytes;
  uint32_t rows, cols;
  bool packed;   // in its source
  uint8_t uses;  // WeightUse bits
};

// What a weight is packed as: panels of 16 outputs, f32 rounded up to 16 with zeros, or rows as they are.
enum class WeightForm { kUnused, kVector, kRows, kPanels };
WeightForm form_of(const WeightRecord& weight);
// A multiple of 64, so that everything begins at a cache line.
uint64_t packed_bytes(const WeightRecord& weight);

struct SlotRecord {
  uint32_t offset, width;
};

struct CacheRecord {
  uint32_t kv_heads, head_dim;
  size_t k_offset, v_offset;  // elements from the start of a KV block
};

struct OutputRecord {
  Output what;
  uint32_t slot, width;
};

struct Op;

// The operands of a step, as a struct of generated/instructions.h.
template <class Operands>
Operands operands_at(const uint32_t* words) {
  Operands operands;
  std::memcpy(&operands, words, sizeof operands);
  return operands;
}

struct Step {
  const Op* op;
  bool wanted;
  const uint32_t* operands;  // into Program::words
  uint32_t together;         // steps from this one on that run as one (core/products.h)

  uint32_t dst() const { return operands[0]; }  // of every instruction
};

// A decoded program: every index in range, every slot written before it is read. Immutable.
struct Program {
  uint32_t vocab = 0, arena_width = 0;
  std::vector<WeightRecord> weights;
  std::vector<SlotRecord> slots;
  std::vector<uint32_t> table_widths;
  std::vector<bool> table_used;
  std::vector<CacheRecord> caches;
  std::vector<OutputRecord> outputs;
  std::vector<uint32_t> words;
  std::vector<Step> steps;
  uint64_t token_limit = uint64_t{1} << 31;  // tokens must be below: rows of the gathered weights
  size_t scratch_width = 0;                  // floats per row beside the arena
  size_t quantised_width = 0;                // elements of the widest row that int8 products read
  size_t block_elements = 0;                 // of one KV block, all caches together
  bool half_cache = false;                   // KV blocks hold f16; the loader's choice, not the format's
  bool screened = false;                     // greedy tokens through core/screen.h; the loader's choice
  bool budgeted = false;                     // its weights count against the budget; the loader's choice
  bool narrowed = true;                      // f32 weights through core/narrow.h; the loader's choice

  // null: the program does not compute it.
  const OutputRecord* output(Output what) const {
    for (const OutputRecord& record : outputs)
      if (record.what == what) return &record;
    return nullptr;
  }
  const OutputRecord& logits() const { return *output(Output::kLogits); }
  size_t block_bytes() const { return block_elements * (half_cache ? sizeof(uint16_t) : sizeof(float)); }

  Program() = default;
  Program(const Program&) = delete;  // steps point into words
  Program(Program&&) = default;
};

// source_bytes: length of each source. Throws Failure PROGRAM_INVALID with the path of what is wrong.
Program decode_program(const uint8_t* data, size_t bytes, const std::vector<uint64_t>& source_bytes);

}  // namespace ggma

#endif
