// Which tokens may come next, and how likely each is: temperature, top-k, top-p and min-p over adjusted
// scores.
#ifndef GGMA_CORE_DISTRIBUTION_H
#define GGMA_CORE_DISTRIBUTION_H

#include "core/scores.h"

namespace ggma {

// In the order in which they apply; each has a value that changes nothing.
struct Filters {
  float temperature = 1;  // 0: the first of the most likely, alone
  size_t top_k = 0;       // 0: all. Scores equal to the k-th highest stay too
  double top_p = 1;       // the most likely ones, while those before have less than top_p together
  double min_p = 0;       // those with at least min_p of the highest probability
};

// Memory to work in is kept from one row to the next. The most likely token always stays.
class Distribution {
 public:
  Distribution(const KernelTable& kernels, ThreadPool& pool) : scores_(kernels, pool) {}

  // scores [count] must stay until the last question. Throws NUMERIC, NO_CANDIDATE.
  void set(const float* scores, size_t count, const Filters& filters);

  // The token at `unit` of [0, 1) of the distribution, tokens in the order of their ids.
  int32_t pick(double unit);
  // Every token's probability; out [count].
  void probabilities(double* out);

 private:
  void gather(const Filters& filters);
  template <class Keep>
  void keep_where(Keep keep);  // keep(index into list_)
  void keep_top_p(double top_p, double whole);

  Scores scores_;
  bool all_ = false;  // nothing is filtered: list_ and terms_ are not used
  const float* row_ = nullptr;
  float temperature_ = 1;
  double whole_ = 0;          // sum of all terms, where they were added up
  ScoreList list_;            // what is left
  std::vector<float> terms_;  // e^((score − highest) / temperature) of list_
  std::vector<double> masses_;
  std::vector<size_t> order_;
};

}  // namespace ggma

#endif
