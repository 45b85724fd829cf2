// One row of scores over the vocabulary, and the questions that sampling and log-probabilities ask of it.
// They are answered from the maximum of each block of kScoreBlock: few blocks hold anything of interest.
#ifndef GGMA_CORE_SCORES_H
#define GGMA_CORE_SCORES_H

#include <vector>

#include "core/pool.h"
#include "kernels/kernels.h"

namespace ggma {

// Some of a row's scores: ids ascending, values beside them.
struct ScoreList {
  std::vector<int32_t> ids;
  std::vector<float> values;

  size_t size() const { return ids.size(); }
  // Keeps those for which keep(index) holds, in their order.
  template <class Keep>
  void filter(Keep keep) {
    size_t kept = 0;
    for (size_t i = 0; i < ids.size(); i++) {
      if (!keep(i)) continue;
      ids[kept] = ids[i];
      values[kept++] = values[i];
    }
    ids.resize(kept);
    values.resize(kept);
  }
};

class Scores {
 public:
  Scores(const KernelTable& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  // Looks at a row, scores [count], which must stay until the next. −infinity: not a candidate. Throws
  // NUMERIC for NaN and +infinity, NO_CANDIDATE when nothing is above −infinity.
  void look_at(const float* scores, size_t count);

  float highest() const { return highest_; }
  int32_t first_highest() const;
  size_t count() const { return count_; }

  // Σ e^((score − highest) / temperature). Leaves the blocks' sums for find().
  double exp_sum(float temperature);
  // The first id at which the terms of exp_sum(), added up in order, pass target; the last with a term that
  // is not 0 when none does.
  int32_t find(double target, float temperature);
  // e^((value − highest) / temperature) for any values of the row; terms [count]. Returns their sum.
  double exp_terms(const float* values, size_t count, float temperature, float* terms);

  // Every candidate whose score is at least threshold.
  void at_least(float threshold, ScoreList& out) const;
  // The k highest candidates; more when the last one's score occurs again. k ≥ 1.
  void top(size_t k, ScoreList& out);

 private:
  size_t blocks() const { return maxima_.size(); }

  const KernelTable& kernels_;
  ThreadPool& pool_;
  const float* scores_ = nullptr;
  size_t count_ = 0;
  float highest_ = 0;
  std::vector<float> maxima_, sums_, work_;
};

}  // namespace ggma

#endif
