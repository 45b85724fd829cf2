// A constraint for tests: ids of one parity.
#ifndef GGMA_TEST_NATIVE_CONSTRAINT_H
#define GGMA_TEST_NATIVE_CONSTRAINT_H

#include "core/constraint.h"

namespace ggma::test {

class Parity : public Constraint {
 public:
  Parity(size_t vocab, int32_t parity) : vocab_(vocab), parity_(parity) {}

  size_t vocab() const override { return vocab_; }
  bool allows(int32_t id) override { return id % 2 == parity_; }
  void mask(uint32_t* out) override {
    masks++;
    for (size_t word = 0; word < mask_words(vocab_); word++) out[word] = parity_ ? 0xaaaaaaaa : 0x55555555;
    if (vocab_ % 32 > 0) out[vocab_ / 32] &= (1u << vocab_ % 32) - 1;
  }
  void accept(int32_t id) override { ids.push_back(id); }
  size_t accepted() const override { return ids.size(); }
  void rollback(size_t count) override { ids.resize(ids.size() - count); }

  std::vector<int32_t> ids;  // accepted ones
  size_t masks = 0;          // how often it was asked for one

 private:
  const size_t vocab_;
  const int32_t parity_;
};

}  // namespace ggma::test

#endif
