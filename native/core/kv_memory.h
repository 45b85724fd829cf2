// The memory of one model's KV blocks: slabs of several blocks, on huge pages if they are large enough.
// Blocks of a sequence are read one behind the other for every token; small pages all over the heap would
// cost attention a fifth of its speed, and the heap would keep them when the model is gone.
#ifndef GGMA_CORE_KV_MEMORY_H
#define GGMA_CORE_KV_MEMORY_H

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/budget.h"
#include "core/buffer.h"

namespace ggma {

// Any thread may call any member.
class KvMemory {
 public:
  // block_bytes: of kKvBlock positions, all attention layers together; 0 for a program without attention.
  KvMemory(size_t block_bytes, std::shared_ptr<MemoryBudget> budget);
  KvMemory(const KvMemory&) = delete;

  size_t block_bytes() const { return block_bytes_; }
  // Bytes of all blocks that are in use.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  // Takes the room of so many blocks from the budget and looks whether the system has it. Throws
  // OUT_OF_MEMORY.
  void reserve(size_t blocks);
  // Gives reserved room back to the budget if no block was made in it.
  void release(size_t blocks) { budget_->give(blocks * block_bytes_); }

  // A block, uninitialised, in room that was reserved. Throws OUT_OF_MEMORY.
  void* take();
  // Its room goes back to the budget.
  void give(void* block);

 private:
  struct Slab {
    FloatBuffer memory;
    size_t blocks;
    std::vector<void*> free;
  };

  void add_slab(size_t blocks);

  const size_t block_bytes_, stride_;  // stride_: from one block of a slab to the next
  const std::shared_ptr<MemoryBudget> budget_;
  std::atomic<uint64_t> bytes_{0};
  std::mutex mutex_;
  std::map<const void*, Slab> slabs_;  // by where they begin
};

}  // namespace ggma

#endif
