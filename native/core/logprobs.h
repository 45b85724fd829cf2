// Log-probabilities of tokens under raw logits: no penalty, no temperature, no filter.
#ifndef GGMA_CORE_LOGPROBS_H
#define GGMA_CORE_LOGPROBS_H

#include "core/scores.h"

namespace ggma {

// Where they go, one entry or row per token. logprobs null: not asked for.
struct LogprobSink {
  double* logprobs = nullptr;      // [tokens]
  size_t top = 0;                  // alternatives per token; at most the vocabulary
  int32_t* top_ids = nullptr;      // [tokens, top], most probable first, equal ones by id
  double* top_logprobs = nullptr;  // [tokens, top]
};

class Logprobs {
 public:
  Logprobs(const KernelTable& kernels, ThreadPool& pool) : scores_(kernels, pool) {}

  // Writes entry `index` of sink for token `id` under logits [vocab], which are finite.
  void write(const float* logits, size_t vocab, int32_t id, const LogprobSink& sink, size_t index);

 private:
  Scores scores_;
  ScoreList list_;
  std::vector<size_t> order_;
};

}  // namespace ggma

#endif
