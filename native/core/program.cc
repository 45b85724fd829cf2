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

  // A section of `count` records of `size` bytes, whose number and offset are the header's words from
  // `place`.
  struct Section {
    uint32_t count;
    size_t offset;
  };
  Section section(const char* name, size_t place, size_t size, uint32_t limit) const {
    const uint32_t count = word(place * 4), offset = word(place * 4 + 4);
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
  if (dtype >= kDtypes)
    invalid("expected a dtype below " + std::to_string(kDtypes) + ", got " + std::to_string(dtype), path);
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
  const auto weights = in.section("weights", header::kWeights, record_bytes::kWeights, kMaxWeights);
  for (uint32_t i = 0; i < weights.count; i++)
    program.weights.push_back(
        read_weight(in, weights.offset + record_bytes::kWeights * i, source_bytes, item("weights", i)));
  const auto slots = in.section("slots", header::kSlots, record_bytes::kSlots, kMaxSlots);
  for (uint32_t i = 0; i < slots.count; i++) {
    const size_t at = slots.offset + record_bytes::kSlots * i;
    const SlotRecord slot{in.word(at), in.word(at + 4)};
    if (slot.width == 0 || slot.width > program.arena_width || slot.offset > program.arena_width - slot.width)
      invalid("expected a place within the arena's " + std::to_string(program.arena_width) + " floats",
              item("slots", i));
    program.slots.push_back(slot);
  }
  const auto tables = in.section("tables", header::kTables, record_bytes::kTables, kMaxTables);
  for (uint32_t i = 0; i < tables.count; i++) {
    const uint32_t width = in.word(tables.offset + record_bytes::kTables * i);
    if (width == 0 || width > kMaxArenaWidth)
      invalid("expected a width, got " + std::to_string(width), item("tables", i));
    program.table_widths.push_back(width);
  }
  program.table_used.resize(tables.count);
  const auto caches = in.section("caches", header::kCaches, record_bytes::kCaches, kMaxCaches);
  for (uint32_t i = 0; i < caches.count; i++) {
    const size_t at = caches.offset + record_bytes::kCaches * i;
    CacheRecord cache{in.word(at), in.word(at + 4), 0, 0};
    if (cache.kv_heads == 0 || cache.kv_heads > kMaxKvHeads || cache.head_dim == 0 ||
        cache.head_dim > kMaxHeadDim)
      invalid("expected 1 to " + std::to_string(kMaxKvHeads) + " kv_heads and a head_dim of 1 to " +
                  std::to_string(kMaxHeadDim) + ", got " + std::to_string(cache.kv_heads) + " and " +
                  std::to_string(cache.head_dim),
              item("caches", i));
    cache.k_offset = program.block_elements;
    cache.v_offset = cache.k_offset + kv_k_floats(cache.kv_heads, cache.head_dim);
    program.block_elements = cache.v_offset + kv_v_floats(cache.kv_heads, cache.head_dim);
    program.caches.push_back(cache);
  }
}

// After the steps, because the checker knows then what the slots hold at the end.
void read_outputs(Program& program, const Reader& in, StepChecker& checker) {
  const auto section = in.section("outputs", header::kOutputs, record_bytes::kOutputs, kOutputs);
  for (uint32_t i = 0; i < section.count; i++) {
    const size_t at = section.offset + record_bytes::kOutputs * i;
    const uint32_t what = in.word(at), slot = in.word(at + 4), width = in.word(at + 8);
    const std::string path = item("outputs", i);
    if (what >= kOutputs)
      invalid("expected an output below " + std::to_string(kOutputs) + ", got " + std::to_string(what), path);
    const OutputRecord record{static_cast<Output>(what), slot, width};
    checker.begin(path + " " + kOutputNames[what], true);
    checker.expect(!program.output(record.what), "each output once");
    checker.expect(checker.read(slot).width == width, "a slot of the output's width");
    program.outputs.push_back(record);
  }
  const OutputRecord* logits = program.output(Output::kLogits);
  if (!logits) invalid("expected logits among the outputs, got none", "outputs");
  program.vocab = logits->width;
  if (program.vocab > kMaxVocab)
    invalid("expected a vocabulary of 1 to 2^24, got " + std::to_string(program.vocab), "outputs");
}

void read_steps(Program& program, const Reader& in) {
  const auto section = in.section("steps", header::kSteps, record_bytes::kSteps, kMaxStepWords);
  for (uint32_t i = 0; i < section.count; i++)
    program.words.push_back(in.word(section.offset + record_bytes::kSteps * i));
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
  read_outputs(program, in, checker);
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
  const auto head = [&](uint32_t place) { return in.word(size_t{place} * 4); };
  if (head(header::kMagic) != kProgramMagic) invalid("expected the magic GGMP", "header");
  if (head(header::kVersion) != kProgramVersion)
    invalid("expected version " + std::to_string(kProgramVersion) + ", got " +
                std::to_string(head(header::kVersion)),
            "header");
  if (head(header::kLength) != bytes)
    invalid("expected " + std::to_string(head(header::kLength)) + " bytes, got " + std::to_string(bytes),
            "header");
  Program program;
  program.arena_width = head(header::kArenaWidth);
  if (program.arena_width > kMaxArenaWidth)
    invalid("expected an arena of at most 2^26 floats, got " + std::to_string(program.arena_width), "header");
  if (head(header::kSources) != source_bytes.size())
    invalid("expected " + std::to_string(head(header::kSources)) + " sources, got " +
                std::to_string(source_bytes.size()),
            "header");
  for (uint32_t i = header::kSteps + 2; i < kHeaderWords; i++)
    if (head(i) != 0) invalid("expected 0 in header word " + std::to_string(i), "header");
  read_records(program, in, source_bytes);
  read_steps(program, in);
  check_packed(program);
  for (size_t i = 0; i < program.steps.size(); i += program.steps[i].together)
    program.steps[i].together = static_cast<uint32_t>(products_together(program, i));
  return program;
}

}  // namespace ggma
