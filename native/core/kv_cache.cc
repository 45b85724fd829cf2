#include "core/kv_cache.h"

#include <cstring>

#include "core/failure.h"
#include "kernels/kernels.h"

namespace ggma {
namespace {

size_t blocks_of(uint64_t positions) { return static_cast<size_t>((positions + kKvBlock - 1) / kKvBlock); }

}  // namespace

void Sequence::reserve(uint64_t first, uint64_t end) {
  const size_t wanted = blocks_of(end), written = static_cast<size_t>(first / kKvBlock);
  if (memory_->block_bytes() == 0) return;
  // Blocks that have to be made: those that are missing, and those that others hold too.
  std::vector<size_t> missing;
  for (size_t i = written; i < wanted; i++)
    if (i >= blocks_.size() || blocks_[i].use_count() > 1) missing.push_back(i);
  if (missing.empty()) return;
  blocks_.reserve(wanted);
  pointers_.reserve(wanted);
  memory_->reserve(missing.size());
  std::vector<std::shared_ptr<KvBlock>> made;
  size_t given = 0;  // blocks that give their part of the budget back themselves
  try {
    made.reserve(missing.size());
    for (; given < missing.size(); given++) made.push_back(std::make_shared<KvBlock>(memory_));
  } catch (...) {
    memory_->release(missing.size() - given);
    throw;
  }
  for (size_t i = 0; i < missing.size(); i++) {
    const size_t at = missing[i];
    if (at == blocks_.size()) {
      blocks_.push_back(nullptr);
      pointers_.push_back(nullptr);
    } else if (at == written && first % kKvBlock != 0) {
      std::memcpy(made[i]->data(), pointers_[at],
                  memory_->block_bytes());  // positions before `first` lie in it
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
  auto made = std::make_shared<Sequence>(memory_);
  if (memory_->block_bytes() > 0) {
    const auto kept = static_cast<std::ptrdiff_t>(blocks_of(static_cast<uint64_t>(positions)));
    made->blocks_.assign(blocks_.begin(), blocks_.begin() + kept);
    made->pointers_.assign(pointers_.begin(), pointers_.begin() + kept);
  }
  made->set_length(positions);
  return made;
}

}  // namespace ggma
