// K and V of sequences: blocks of kKvBlock positions (all attention layers together), allocated as a sequence
// grows. Sequences with a common beginning share its blocks; whoever writes into a shared one gets its own
// first.
#ifndef GGMA_CORE_KV_CACHE_H
#define GGMA_CORE_KV_CACHE_H

#include <atomic>
#include <memory>
#include <vector>

#include "core/kv_memory.h"

namespace ggma {

// The memory of kKvBlock positions; it counts against the budget as long as a sequence holds it, once.
class KvBlock {
 public:
  // In room that has been reserved.
  explicit KvBlock(std::shared_ptr<KvMemory> memory) : memory_(std::move(memory)), data_(memory_->take()) {}
  ~KvBlock() { memory_->give(data_); }
  KvBlock(const KvBlock&) = delete;

  void* data() const { return data_; }

 private:
  const std::shared_ptr<KvMemory> memory_;
  void* const data_;
};

// One thread at a time (the engine's) writes and shares; any may ask for the length or destroy it.
class Sequence {
 public:
  explicit Sequence(std::shared_ptr<KvMemory> memory) : memory_(std::move(memory)) {}
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

  // The number of its last turn (Model::turns_), or how many there had been when it was made. No two
  // sequences have had the same turn, so whoever goes by it serves them round robin.
  uint64_t served = 0;

 private:
  const std::shared_ptr<KvMemory> memory_;
  std::vector<std::shared_ptr<KvBlock>> blocks_;
  std::vector<void*> pointers_;  // their data
  std::atomic<int32_t> length_{0};
};

}  // namespace ggma

#endif
