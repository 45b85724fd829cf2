// What a step may ask while the decoder checks it (the check functions of kernels/*.inc). It follows the
// slots' contents through the steps, so a program whose slots overlap at the wrong time is refused.
#ifndef GGMA_CORE_CHECKER_H
#define GGMA_CORE_CHECKER_H

#include <cmath>
#include <string>

#include "core/failure.h"
#include "core/program.h"

namespace ggma {

class StepChecker {
 public:
  explicit StepChecker(Program& program)
      : program_(program),
        holds_(program.slots.size(), Holds::kNothing),
        cache_used_(program.caches.size()) {}

  void begin(std::string path, bool wanted) {
    path_ = std::move(path);
    wanted_ = wanted;
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Failure("PROGRAM_INVALID", message, path_);
  }
  void expect(bool holds, const char* what) const {
    if (!holds) fail(std::string("expected ") + what);
  }
  void all_rows_only() const { expect(!wanted_, "flags 0: this step runs over all rows"); }

  const SlotRecord& read(uint32_t slot) const {
    const SlotRecord& record = slot_at(slot);
    const Holds needed = wanted_ ? Holds::kWantedRows : Holds::kAllRows;
    if (holds_[slot] != needed) {
      fail("expected slot " + std::to_string(slot) + " to hold " +
           (wanted_ ? "the wanted rows" : "all rows") + ", got " +
           (holds_[slot] == Holds::kNothing ? "nothing written, or overwritten since" : "others"));
    }
    return record;
  }
  const SlotRecord& write(uint32_t slot) {
    return hold(slot, wanted_ ? Holds::kWantedRows : Holds::kAllRows);
  }
  const SlotRecord& write_wanted(uint32_t slot) { return hold(slot, Holds::kWantedRows); }

  void apart(uint32_t a, uint32_t b) const {
    expect(!overlap(slot_at(a), slot_at(b)), "dst apart from its sources");
  }
  void same_or_apart(uint32_t a, uint32_t b) const {
    const SlotRecord &x = slot_at(a), &y = slot_at(b);
    const bool same = x.offset == y.offset && x.width == y.width;
    expect(same || !overlap(x, y), "dst to be its source or apart from it");
  }

  const WeightRecord& weight(uint32_t index, WeightUse use) {
    if (index >= program_.weights.size()) fail("expected a weight, got index " + std::to_string(index));
    WeightRecord& record = program_.weights[index];
    record.uses |= static_cast<uint8_t>(use);
    constexpr uint8_t kVector = static_cast<uint8_t>(WeightUse::kVector);
    expect(record.uses == kVector || !(record.uses & kVector),
           "a weight to be a vector or a matrix, not both");
    return record;
  }
  const WeightRecord& vector(uint32_t index) {
    const WeightRecord& record = weight(index, WeightUse::kVector);
    expect(record.rows == 1, "one row for a vector");
    return record;
  }
  const CacheRecord& cache_once(uint32_t index) {
    if (index >= program_.caches.size()) fail("expected a cache, got index " + std::to_string(index));
    expect(!cache_used_[index], "a cache of its own");
    cache_used_[index] = true;
    return program_.caches[index];
  }
  uint32_t table(uint32_t index) {
    if (index >= program_.table_widths.size()) fail("expected a table, got index " + std::to_string(index));
    program_.table_used[index] = true;
    return program_.table_widths[index];
  }
  void tokens_below(uint64_t limit) { program_.token_limit = std::min(program_.token_limit, limit); }
  void quantised(size_t width) { program_.quantised_width = std::max(program_.quantised_width, width); }
  void scratch(size_t width) { program_.scratch_width = std::max(program_.scratch_width, width); }

 private:
  enum class Holds : uint8_t { kNothing, kAllRows, kWantedRows };

  static bool overlap(const SlotRecord& a, const SlotRecord& b) {
    return a.offset < b.offset + b.width && b.offset < a.offset + a.width;
  }
  const SlotRecord& slot_at(uint32_t slot) const {
    if (slot >= program_.slots.size()) fail("expected a slot, got index " + std::to_string(slot));
    return program_.slots[slot];
  }
  const SlotRecord& hold(uint32_t slot, Holds what) {
    const SlotRecord& record = slot_at(slot);
    for (size_t i = 0; i < holds_.size(); i++) {
      if (holds_[i] != Holds::kNothing && overlap(program_.slots[i], record)) holds_[i] = Holds::kNothing;
    }
    holds_[slot] = what;
    return record;
  }

  Program& program_;
  std::string path_;
  bool wanted_ = false;
  std::vector<Holds> holds_;
  std::vector<bool> cache_used_;
};

}  // namespace ggma

#endif
