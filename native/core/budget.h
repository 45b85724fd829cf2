// The bytes that all programs of an engine may take together for keys and values, and for weights if the
// engine was told to count them.
#ifndef GGMA_CORE_BUDGET_H
#define GGMA_CORE_BUDGET_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace ggma {

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit) : limit_(limit) {}

  // Throws OUT_OF_MEMORY with need and have, before anything is allocated. `what`: "the weights".
  void take(uint64_t bytes, const std::string& what);
  void give(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// A part of a budget. Its destructor gives the part back.
class BudgetShare {
 public:
  BudgetShare(std::shared_ptr<MemoryBudget> budget, uint64_t bytes, const std::string& what)
      : budget_(std::move(budget)), bytes_(bytes) {
    budget_->take(bytes, what);
  }
  BudgetShare(const BudgetShare&) = delete;
  ~BudgetShare() { budget_->give(bytes_); }

 private:
  const std::shared_ptr<MemoryBudget> budget_;
  const uint64_t bytes_;
};

}  // namespace ggma

#endif
