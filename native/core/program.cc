#include "core/program.h"

#include "core/checker.h"
#include "core/ops.h"
#include "core/products.h"
#include "kernels/kernels.h"

namespace ggma {
namespace {

[[noreturn]] void invalid(const std::string& message, const std::string& path) {
  throw Failure("PROGRAM_INVALID", message, path);
}

std::string item(const char* section, size_t index) {
  return std::string(section) + "[" + std::to_string(index) + "]";
}

// Reads words out of untrusted bytes of any alignment.
class Reader {
 public:
  Reader(const uint8_t* data, size_t bytes) : data_(data), bytes_(bytes) {}

  uint32_t word(size_t at) const {
    if (at > bytes_ || bytes_ - at < 4)
      invalid("expected a word, got the end of the program", item("bytes", at));
    return static_cast<uint32_t>(data_[at]) | static_cast<uint32_t>(data_[at + 1]) << 8 |
           static_cast<uint32_t>(data_[at + 2]) << 16 | static_cast<uint32_t>(data_[at + 3]) << 24;
  }
  uint64_t word64(size_t at) const { return word(at) | static_cast<uint64_t>(word(at + 4)) << 32; }

  // A section of `count` records of `size` bytes, whose number and offset stand at header word `header`.
  struct Section {
    uint32_t count;
    size_t offset;
  };
  Section section(const char* name, size_t header, size_t size, uint32_t limit) const {
    const uint32_t count = word(header * 4), offset = word(header * 4 + 4);
    if (count > limit)
      invalid("expected at most " + std::to_string(limit) + " entries, got " + std::to_string(count), name);
    if (offset % 8 != 0 || offset > bytes_ || count * size > bytes_ - offset) {
      invalid("expected " + std::to_string(count * size) + " bytes at a multiple of 8 within " +
                  std::to_string(bytes_) + ", got offset " + std::to_string(offset),
              name);
    }
    return {count, offset};
  }

 private:
  const uint8_t* data_;
  size_t bytes_;
};

WeightRecord read_weight(const Reader& in, size_t at, const std::vector<uint64_t>& source_bytes,
                         const std::string& path) {
  WeightRecord w{};
  const uint32_t dtype = in.word(at);
  if (dtype >= kDtypes) invalid("expected a dtype below 5, got " + std::to_string(dtype), path);
  w.dtype = static_cast<Dtype>(dtype);
  w.source = in.word(at + 4);
  w.offset = in.word64(at + 8);
  w.bytes = in.word64(at + 16);
  w.rows = in.word(at + 24);
  w.cols = in.word(at + 28);
  if (w.source >= source_bytes.size())
    invalid("expected a source, got index " + std::to_string(w.source), path);
  const uint32_t form = in.word(at + 32);
  if (form != 0 && form != kPackedForm)
    invalid("expected form 0 or " + std::to_string(kPackedForm) + ", got " + std::to_string(form), path);
  w.packed = form == kPackedForm;
  const uint64_t row = row_bytes(w.dtype, w.cols);
  if (w.rows == 0 || row == 0 || w.rows > INT32_MAX || w.cols > INT32_MAX ||
      row > (uint64_t{1} << 48) / w.rows)
    invalid("expected a shape that the dtype can hold, got " + std::to_string(w.rows) + " rows of " +
                std::to_string(w.cols),
            path);
  if (!w.packed && w.bytes != row * w.rows)
    invalid("expected " + std::to_string(row * w.rows) + " bytes, got " + std::to_string(w.bytes), path);
  const uint64_t have = source_bytes[w.source];
  if (w.offset > have || w.bytes > have - w.offset)
    invalid("expected data within the source's " + std::to_string(have) + " bytes, got offset " +
                std::to_string(w.offset),
            path);
  return w;
}

void read_records(Program& program, const Reader& in, const std::vector<uint64_t>& source_bytes) {
  const auto weights = in.section("weights", 7, 40, kMaxWeights);
  for (uint32_t i = 0; i < weights.count; i++)
    program.weights.push_back(read_weight(in, weights.offset + 40 * i, source_bytes, item("weights", i)));
  const auto slots = in.section("slots", 9, 8, kMaxSlots);
  for (uint32_t i = 0; i < slots.count; i++) {
    const SlotRecord slot{in.word(slots.offset + 8 * i), in.word(slots.offset + 8 * i + 4)};
    if (slot.width == 0 || slot.width > program.arena_width || slot.offset > program.arena_width - slot.width)
      invalid("expected a place within the arena's " + std::to_string(program.arena_width) + " floats",
              item("slots", i));
    program.slots.push_back(slot);
  }
  const auto tables = in.section("tables", 11, 4, kMaxTables);
  for (uint32_t i = 0; i < tables.count; i++) {
    const uint32_t width = in.word(tables.offset + 4 * i);
    if (width == 0 || width > kMaxArenaWidth)
      invalid("expected a width, got " + std::to_string(width), item("tables", i));
    program.table_widths.push_back(width);
  }
  program.table_used.resize(tables.count);
  const auto caches = in.section("caches", 13, 8, kMaxCaches);
  for (uint32_t i = 0; i < caches.count; i++) {
    CacheRecord cache{in.word(caches.offset + 8 * i), in.word(caches.offset + 8 * i + 4), 0, 0};
    if (cache.kv_heads == 0 || cache.kv_heads > 65536 || cache.head_dim == 0 || cache.head_dim > kMaxHeadDim)
      invalid("expected 1 to 65536 kv_heads and a head_dim of 1 to " + std::to_string(kMaxHeadDim) +
                  ", got " + std::to_string(cache.kv_heads) + " and " + std::to_string(cache.head_dim),
              item("caches", i));
    cache.k_offset = program.block_elements;
    cache.v_offset = cache.k_offset + kv_k_floats(cache.kv_heads, cache.head_dim);
    program.block_elements = cache.v_offset + kv_v_floats(cache.kv_heads, cache.head_dim);
    program.caches.push_back(cache);
  }
}

void read_steps(Program& program, const Reader& in) {
  const auto section = in.section("steps", 15, 4, kMaxStepWords);
  for (uint32_t i = 0; i < section.count; i++) program.words.push_back(in.word(section.offset + 4 * i));
  StepChecker checker(program);
  const std::vector<uint32_t>& words = program.words;
  for (size_t at = 0; at < words.size();) {
    const std::string path = item("steps", program.steps.size());
    const Op* op = find_op(words[at]);
    if (!op) invalid("expected an opcode, got " + std::to_string(words[at]), path);
    if (words.size() - at < 2 + op->operands)
      invalid("expected " + std::to_string(op->operands) + " operands for " + op->name + ", got the end",
              path);
    const uint32_t flags = words[at + 1];
    if (flags & ~kWantedRows) invalid("expected flags of 0 or 1, got " + std::to_string(flags), path);
    checker.begin(path + " " + op->name, flags == kWantedRows);
    op->check(checker, &words[at + 2]);
    program.steps.push_back({op, flags == kWantedRows, &words[at + 2], 1});
    at += 2 + op->operands;
  }
  checker.begin("logits", true);
  checker.expect(checker.read(program.logits_slot).width == program.vocab,
                 "a slot of the vocabulary's width");
}

// How much a packed weight takes depends on the steps that use it.
void check_packed(const Program& program) {
  for (size_t i = 0; i < program.weights.size(); i++) {
    const WeightRecord& w = program.weights[i];
    if (!w.packed) continue;
    if (w.bytes != packed_bytes(w) || w.offset % 64 != 0)
      invalid("expected " + std::to_string(packed_bytes(w)) + " packed bytes at a multiple of 64, got " +
                  std::to_string(w.bytes) + " at " + std::to_string(w.offset),
              item("weights", i));
  }
}

}  // namespace

WeightForm form_of(const WeightRecord& w) {
  if (w.uses & static_cast<uint8_t>(WeightUse::kMatmul)) return WeightForm::kPanels;
  if (w.uses & static_cast<uint8_t>(WeightUse::kVector)) return WeightForm::kVector;
  return w.uses ? WeightForm::kRows : WeightForm::kUnused;
}

uint64_t packed_bytes(const WeightRecord& w) {
  switch (form_of(w)) {
    case WeightForm::kPanels:
      return uint64_t{round_up(w.rows, kLanes) / kLanes} * panel_bytes(w.dtype, w.cols);
    case WeightForm::kVector:
      return round_up(size_t{w.cols}, kLanes) * sizeof(float);
    case WeightForm::kRows:
      return round_up(static_cast<size_t>(row_bytes(w.dtype, w.cols) * w.rows), 64);
    default:
      return 0;
  }
}

Program decode_program(const uint8_t* data, size_t bytes, const std::vector<uint64_t>& source_bytes) {
  const Reader in(data, bytes);
  if (bytes < kHeaderWords * 4)
    invalid(
        "expected a header of " + std::to_string(kHeaderWords * 4) + " bytes, got " + std::to_string(bytes),
        "header");
  if (in.word(0) != kProgramMagic) invalid("expected the magic GGMP", "header");
  if (in.word(4) != kProgramVersion)
    invalid("expected version 1, got " + std::to_string(in.word(4)), "header");
  if (in.word(8) != bytes)
    invalid("expected " + std::to_string(in.word(8)) + " bytes, got " + std::to_string(bytes), "header");
  Program program;
  program.vocab = in.word(12);
  program.arena_width = in.word(16);
  program.logits_slot = in.word(20);
  if (program.vocab == 0 || program.vocab > kMaxVocab)
    invalid("expected a vocabulary of 1 to 2^24, got " + std::to_string(program.vocab), "header");
  if (program.arena_width > kMaxArenaWidth)
    invalid("expected an arena of at most 2^26 floats, got " + std::to_string(program.arena_width), "header");
  if (in.word(24) != source_bytes.size())
    invalid(
        "expected " + std::to_string(in.word(24)) + " sources, got " + std::to_string(source_bytes.size()),
        "header");
  for (uint32_t i = 17; i < kHeaderWords; i++)
    if (in.word(i * 4) != 0) invalid("expected 0 in header word " + std::to_string(i), "header");
  read_records(program, in, source_bytes);
  read_steps(program, in);
  check_packed(program);
  for (size_t i = 0; i < program.steps.size(); i += program.steps[i].together)
    program.steps[i].together = static_cast<uint32_t>(products_together(program, i));
  return program;
}

}  // namespace ggma
