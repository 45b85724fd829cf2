#include "core/kv_cache.h"

#include <cstring>

#include "core/failure.h"
#include "kernels/kernels.h"

namespace ggma {
namespace {

size_t blocks_of(uint64_t positions) { return static_cast<size_t>((positions + kKvBlock - 1) / kKvBlock); }

}  // namespace

KvBlock::KvBlock(size_t bytes, std::shared_ptr<MemoryBudget> budget,
                 std::shared_ptr<std::atomic<uint64_t>> use)
    : bytes_(bytes),
      budget_(std::move(budget)),
      use_(std::move(use)),
      memory_(allocate_floats((bytes + 3) / sizeof(float), "the key/value cache")) {
  use_->fetch_add(bytes_, std::memory_order_relaxed);
}

KvBlock::~KvBlock() {
  budget_->give(bytes_);
  use_->fetch_sub(bytes_, std::memory_order_relaxed);
}

void Sequence::reserve(uint64_t first, uint64_t end) {
  const size_t wanted = blocks_of(end), written = static_cast<size_t>(first / kKvBlock);
  if (block_bytes_ == 0) return;
  // Blocks that have to be made: those that are missing, and those that others hold too.
  std::vector<size_t> missing;
  for (size_t i = written; i < wanted; i++)
    if (i >= blocks_.size() || blocks_[i].use_count() > 1) missing.push_back(i);
  if (missing.empty()) return;
  blocks_.reserve(wanted);
  pointers_.reserve(wanted);
  budget_->take(missing.size() * block_bytes_, "the key/value cache");
  std::vector<std::shared_ptr<KvBlock>> made;
  size_t given = 0;  // blocks that give their part of the budget back themselves
  try {
    expect_memory(missing.size() * block_bytes_, "the key/value cache");
    made.reserve(missing.size());
    for (; given < missing.size(); given++)
      made.push_back(std::make_shared<KvBlock>(block_bytes_, budget_, use_));
  } catch (...) {
    budget_->give((missing.size() - given) * block_bytes_);
    throw;
  }
  for (size_t i = 0; i < missing.size(); i++) {
    const size_t at = missing[i];
    if (at == blocks_.size()) {
      blocks_.push_back(nullptr);
      pointers_.push_back(nullptr);
    } else if (at == written && first % kKvBlock != 0) {
      std::memcpy(made[i]->data(), pointers_[at], block_bytes_);  // positions before `first` lie in it
    }
    pointers_[at] = made[i]->data();
    blocks_[at] = std::move(made[i]);
  }
}

void Sequence::trim(uint64_t positions) {
  const size_t kept = blocks_of(positions);
  if (kept >= blocks_.size()) return;
  blocks_.resize(kept);
  pointers_.resize(kept);
}

std::shared_ptr<Sequence> Sequence::fork(int32_t positions) const {
  auto made = std::make_shared<Sequence>(block_bytes_, budget_, use_);
  if (block_bytes_ > 0) {
    const auto kept = static_cast<std::ptrdiff_t>(blocks_of(static_cast<uint64_t>(positions)));
    made->blocks_.assign(blocks_.begin(), blocks_.begin() + kept);
    made->pointers_.assign(pointers_.begin(), pointers_.begin() + kept);
  }
  made->set_length(positions);
  return made;
}

}  // namespace ggma
