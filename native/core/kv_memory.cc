#include "core/kv_memory.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "core/failure.h"
#include "kernels/kernels.h"

namespace ggma {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kSlabBlocks =
    1;  // AddressSanitizer sees what is read beyond an allocation, not beyond a block
#else
constexpr size_t kSlabBlocks = 8;
#endif
constexpr char kPurpose[] = "the key/value cache";

}  // namespace

KvMemory::KvMemory(size_t block_bytes, std::shared_ptr<MemoryBudget> budget)
    : block_bytes_(block_bytes), stride_(round_up(block_bytes, 64)), budget_(std::move(budget)) {}

void KvMemory::reserve(size_t blocks) {
  budget_->take(blocks * block_bytes_, kPurpose);
  try {
    expect_memory(blocks * block_bytes_, kPurpose);
  } catch (...) {
    release(blocks);
    throw;
  }
}

// As many blocks as the huge pages have room for.
void KvMemory::add_slab(size_t blocks) {
  const size_t bytes = blocks > 1 ? mapped_bytes(blocks * stride_) : stride_;
  Slab slab{allocate_floats(bytes / sizeof(float), kPurpose), bytes / stride_, {}};
  auto* const start = reinterpret_cast<uint8_t*>(slab.memory.get());
  for (size_t i = slab.blocks; i > 0; i--) slab.free.push_back(start + (i - 1) * stride_);
  slabs_.emplace(start, std::move(slab));
}

void* KvMemory::take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto has_room = [](const auto& entry) { return !entry.second.free.empty(); };
  auto found = std::find_if(slabs_.begin(), slabs_.end(), has_room);
  if (found == slabs_.end()) {
    try {
      add_slab(kSlabBlocks);
    } catch (const Failure&) {
      add_slab(1);  // one block may still fit
    }
    found = std::find_if(slabs_.begin(), slabs_.end(), has_room);
  }
  void* const block = found->second.free.back();
  found->second.free.pop_back();
  bytes_.fetch_add(block_bytes_, std::memory_order_relaxed);
  return block;
}

void KvMemory::give(void* block) {
  bytes_.fetch_sub(block_bytes_, std::memory_order_relaxed);
  budget_->give(block_bytes_);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto slab = std::prev(slabs_.upper_bound(block));
  slab->second.free.push_back(block);
  if (slab->second.free.size() < slab->second.blocks) return;
  // One empty slab stays for the next sequence, which would have to have it cleared by the system again.
  const auto is_empty = [](const auto& entry) { return entry.second.free.size() == entry.second.blocks; };
  if (std::count_if(slabs_.begin(), slabs_.end(), is_empty) > 1) slabs_.erase(slab);
}

}  // namespace ggma
