// The program: what TypeScript (lib/plan/encode.ts) writes and native code runs. This comment is the format.
//
// Little-endian, words are u32 unless said otherwise. 24 header words, then sections at 8-byte aligned byte
// offsets from the program's start, in any order.
//
//   word  0 magic 0x504D4747 ("GGMP")    1 version = 1               2 length of the program in bytes
//         3 vocab: width of the logits   4 arena width: floats of one row's intermediate values
//         5 slot of the logits           6 number of sources (memories that weights lie in, passed beside)
//         7, 8  weights: number, offset  9, 10 slots: number, offset     11, 12 tables: number, offset
//        13, 14 caches: number, offset  15, 16 steps: number of words, offset             17 … 23: 0
//
//   weight  40 bytes: dtype (0 f32, 1 f16, 2 bf16, 3 q8_0, 4 q4_0) · source · u64 offset in it · u64 bytes ·
//           rows · cols · form · 0. A matrix [rows = outputs, cols = inputs]; a vector has rows = 1. form 0:
//           row by row, as in a Circle file; kPackedForm: as kernels want it, packed_bytes at a multiple of
//           64 (of a prepared package, lib/package/prepared).
//   slot     2 words: offset within a row's arena, width; in floats. Slots may share memory: reading one that
//            another has overwritten since is refused.
//   table    1 word: width. Row vectors that depend on the position alone (cos, sin).
//   cache    2 words: kv_heads, head_dim. One per ATTENTION.
//   steps    opcode · flags · operands, as many as the opcode has. A float operand is its bits;
//            NONE = 0xFFFFFFFF. flags bit 0: runs over the wanted rows (those whose logits are asked for),
//            which SELECT brings together.
//
//    1 GATHER    dst weight                     row `token` of weight
//    2 MATMUL    dst src weight bias|NONE       dst[o] = Σ_k src[k] · weight[o][k] (+ bias[o])
//    3 RMS_NORM  dst src weight|NONE eps groups per group of width / groups: x / √(mean(x²) + eps) · weight;
//                                               weight has width / groups or width elements
//    4 SILU_MUL  dst gate up                    gate / (1 + e^−gate) · up
//    5 ADD       dst a b
//    6 MUL       dst a b
//    7 SCALE     dst src factor
//    8 SILU      dst src
//    9 ATTENTION dst q k v cache heads kv_heads head_dim scale window cos|NONE sin|NONE
//                rotates q and k by halves (x · cos + rotate_half(x) · sin, the tables' rows at the row's
//                position), appends k and v at the row's position to the row's sequence, attends positions
//                max(0, p − window + 1) … p (window 0: from 0) with scores q·k · scale; query head h reads kv
//                head h / (heads / kv_heads). dst, q [heads · head_dim]; k, v [kv_heads · head_dim]; tables
//                [head_dim].
//   10 SELECT    dst src                        the wanted rows of src, one behind the other
//   11 GELU      dst src                        src · Φ(src)
//   12 GELU_TANH dst src                        its tanh form
//
// dst of 3–8, 11 and 12 may be the slot they read. The logits slot is read in the wanted rows after the last
// step.
#ifndef GGMA_CORE_PROGRAM_H
#define GGMA_CORE_PROGRAM_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernels.h"

namespace ggma {

constexpr uint32_t kProgramMagic = 0x504d4747;
constexpr uint32_t kProgramVersion = 1;
constexpr uint32_t kHeaderWords = 24;
constexpr uint32_t kNone = 0xffffffff;
constexpr uint32_t kWantedRows = 1;  // step flag
// Form of a packed weight: raise it when kernels want anything else (kernels/kernels.h, Weights).
constexpr uint32_t kPackedForm = 1;

// Limits that keep a hostile program from costing much before it is refused.
constexpr uint32_t kMaxSlots = 4096;
constexpr uint32_t kMaxTables = 4096;
constexpr uint32_t kMaxCaches = 4096;
constexpr uint32_t kMaxWeights = 1 << 16;
constexpr uint32_t kMaxStepWords = 1 << 20;
constexpr uint32_t kMaxArenaWidth = 1 << 26;
constexpr uint32_t kMaxVocab = 1 << 24;  // argmax counts in floats

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

struct Op;

struct Step {
  const Op* op;
  bool wanted;
  const uint32_t* operands;  // into Program::words
  uint32_t together;         // steps from this one on that run as one (core/products.h)
};

// A decoded program: every index in range, every slot written before it is read. Immutable.
struct Program {
  uint32_t vocab = 0, arena_width = 0, logits_slot = 0;
  std::vector<WeightRecord> weights;
  std::vector<SlotRecord> slots;
  std::vector<uint32_t> table_widths;
  std::vector<bool> table_used;
  std::vector<CacheRecord> caches;
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

  size_t block_bytes() const { return block_elements * (half_cache ? sizeof(uint16_t) : sizeof(float)); }

  Program() = default;
  Program(const Program&) = delete;  // steps point into words
  Program(Program&&) = default;
};

// source_bytes: length of each source. Throws Failure PROGRAM_INVALID with the path of what is wrong.
Program decode_program(const uint8_t* data, size_t bytes, const std::vector<uint64_t>& source_bytes);

}  // namespace ggma

#endif
