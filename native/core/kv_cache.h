// K and V of sequences: blocks of kKvBlock positions (all attention layers together), allocated as a sequence
// grows. Sequences with a common beginning share its blocks; whoever writes into a shared one gets its own
// first.
#ifndef GGMA_CORE_KV_CACHE_H
#define GGMA_CORE_KV_CACHE_H

#include <atomic>
#include <memory>
#include <vector>

#include "core/budget.h"
#include "core/buffer.h"

namespace ggma {

// The memory of kKvBlock positions; it counts against the budget as long as a sequence holds it, once.
class KvBlock {
 public:
  // use: bytes of all blocks of one model, for Model::memory. The budget has been taken before.
  KvBlock(size_t bytes, std::shared_ptr<MemoryBudget> budget, std::shared_ptr<std::atomic<uint64_t>> use);
  ~KvBlock();
  KvBlock(const KvBlock&) = delete;

  void* data() const { return memory_.get(); }

 private:
  const uint64_t bytes_;
  std::shared_ptr<MemoryBudget> budget_;
  std::shared_ptr<std::atomic<uint64_t>> use_;
  FloatBuffer memory_;
};

// One thread at a time (the engine's) writes and shares; any may ask for the length or destroy it.
class Sequence {
 public:
  Sequence(size_t block_bytes, std::shared_ptr<MemoryBudget> budget,
           std::shared_ptr<std::atomic<uint64_t>> use)
      : block_bytes_(block_bytes), budget_(std::move(budget)), use_(std::move(use)) {}
  Sequence(const Sequence&) = delete;

  // Positions that hold a token. Any thread may ask.
  int32_t length() const { return length_.load(std::memory_order_relaxed); }
  void set_length(int32_t length) { length_.store(length, std::memory_order_relaxed); }

  // Room for positions 0 … end − 1, of which those from `first` on may be written; what stood before `first`
  // stays. All or nothing. Throws OUT_OF_MEMORY.
  void reserve(uint64_t first, uint64_t end);
  // Gives back the blocks that hold none of the first `positions` positions.
  void trim(uint64_t positions);
  // A sequence that begins with the first `positions` positions of this one, at most its length. No memory
  // moves.
  std::shared_ptr<Sequence> fork(int32_t positions) const;

  // [blocks] KV blocks from position 0 on.
  void* const* blocks() const { return pointers_.data(); }

 private:
  const size_t block_bytes_;  // 0: a program without attention
  std::shared_ptr<MemoryBudget> budget_;
  std::shared_ptr<std::atomic<uint64_t>> use_;
  std::vector<std::shared_ptr<KvBlock>> blocks_;
  std::vector<void*> pointers_;  // their data
  std::atomic<int32_t> length_{0};
};

}  // namespace ggma

#endif
