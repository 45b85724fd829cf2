#include "core/budget.h"

#include "core/failure.h"

namespace ggma {

void MemoryBudget::take(uint64_t bytes, const std::string& what) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ - used) {
      throw Failure("OUT_OF_MEMORY", "expected room for " + what + ", need " + std::to_string(bytes) +
                                         " bytes, have " + std::to_string(limit_ - used) +
                                         " of a budget of " + std::to_string(limit_));
    }
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
}

}  // namespace ggma
