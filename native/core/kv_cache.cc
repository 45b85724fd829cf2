#include "core/kv_cache.h"

#include "core/failure.h"
#include "kernels/kernels.h"

namespace ggma {

void KvBudget::take(uint64_t bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ - used) {
      throw Failure("OUT_OF_MEMORY", "expected room for the key/value cache, need " + std::to_string(bytes) +
                                         " bytes, have " + std::to_string(limit_ - used) +
                                         " of a budget of " + std::to_string(limit_));
    }
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
}

void Sequence::reserve(uint64_t positions) {
  const size_t wanted = static_cast<size_t>((positions + kKvBlock - 1) / kKvBlock);
  if (block_floats_ == 0 || wanted <= memory_.size()) return;
  const size_t before = memory_.size();
  const uint64_t bytes = uint64_t{wanted - before} * block_floats_ * sizeof(float);
  memory_.reserve(wanted);
  pointers_.reserve(wanted);
  budget_->take(bytes);
  use_->fetch_add(bytes, std::memory_order_relaxed);
  try {
    expect_memory(bytes, "the key/value cache");
    while (memory_.size() < wanted) {
      memory_.push_back(allocate_floats(block_floats_, "the key/value cache"));
      pointers_.push_back(memory_.back().get());
    }
  } catch (...) {
    memory_.resize(before);
    pointers_.resize(before);
    budget_->give(bytes);
    use_->fetch_sub(bytes, std::memory_order_relaxed);
    throw;
  }
}

void Sequence::trim(uint64_t positions) {
  const size_t kept = static_cast<size_t>((positions + kKvBlock - 1) / kKvBlock);
  if (kept >= memory_.size()) return;
  const uint64_t bytes = uint64_t{memory_.size() - kept} * block_floats_ * sizeof(float);
  memory_.resize(kept);
  pointers_.resize(kept);
  budget_->give(bytes);
  use_->fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace ggma
