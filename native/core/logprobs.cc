#include "core/logprobs.h"

#include <algorithm>
#include <numeric>

#include "core/logarithm.h"

namespace ggma {

void Logprobs::write(const float* logits, size_t vocab, int32_t id, const LogprobSink& sink, size_t index) {
  scores_.look_at(logits, vocab);
  const double highest = double{scores_.highest()}, log_sum = natural_log(scores_.exp_sum(1.0f));
  const auto logprob = [&](float logit) { return (double{logit} - highest) - log_sum; };
  sink.logprobs[index] = logprob(logits[id]);
  if (sink.top == 0) return;
  scores_.top(sink.top, list_);
  order_.resize(list_.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](size_t a, size_t b) { return list_.values[a] > list_.values[b]; });
  for (size_t i = 0; i < sink.top; i++) {
    sink.top_ids[index * sink.top + i] = list_.ids[order_[i]];
    sink.top_logprobs[index * sink.top + i] = logprob(list_.values[order_[i]]);
  }
}

}  // namespace ggma
