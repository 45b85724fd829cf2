#include "core/constraint.h"

#include <algorithm>
#include <limits>

#include "core/failure.h"

namespace ggma {

void AllowedIds::ask(Constraint& constraint) {
  vocab_ = constraint.vocab();
  mask_.resize(mask_words(vocab_));
  constraint.mask(mask_.data());
}

void AllowedIds::ban_others(float* scores) const {
  for (size_t word = 0; word < mask_.size(); word++) {
    const uint32_t allowed = mask_[word];
    if (allowed == 0xffffffff) continue;
    const size_t end = std::min(vocab_, (word + 1) * 32);
    for (size_t id = word * 32; id < end; id++)
      if (!(allowed >> id % 32 & 1)) scores[id] = -std::numeric_limits<float>::infinity();
  }
}

int32_t AllowedIds::first_highest(const float* scores) const {
  int32_t best = -1;
  for (size_t word = 0; word < mask_.size(); word++) {
    if (mask_[word] == 0) continue;
    const size_t end = std::min(vocab_, (word + 1) * 32);
    for (size_t id = word * 32; id < end; id++) {
      if (!(mask_[word] >> id % 32 & 1)) continue;
      if (best < 0 || scores[id] > scores[best]) best = static_cast<int32_t>(id);
    }
  }
  if (best < 0)
    throw Failure("NO_CANDIDATE",
                  "expected a token that the constraint allows, got none: it has come to its end");
  return best;
}

}  // namespace ggma
