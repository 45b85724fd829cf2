// How one sequence chooses its next token: what it was asked for, and what it has seen and drawn so far.
#ifndef GGMA_CORE_SAMPLER_H
#define GGMA_CORE_SAMPLER_H

#include <unordered_map>
#include <utility>
#include <vector>

#include "core/constraint.h"
#include "core/distribution.h"

namespace ggma {

struct SamplingOptions {
  // Added to the logit first; −infinity bans a token.
  std::vector<std::pair<int32_t, float>> logit_bias;
  float repetition_penalty = 1;  // > 0; once for every token of prompt and output: l < 0 ? l · r : l / r
  float presence_penalty = 0;    // taken off a token that was generated before …
  float frequency_penalty = 0;   // … and this, for every time it was
  Filters filters;
  uint64_t seed = 0;
};

class Sampler {
 public:
  // Throws OPTION for a logit_bias or a token that is not of the vocabulary.
  Sampler(size_t vocab, SamplingOptions options);

  size_t vocab() const { return vocab_; }
  // Tokens before the first one that is drawn; generated: those that count for presence and frequency.
  void see(const int32_t* ids, size_t count, bool generated);

  // Draws the next token from logits [vocab] and counts it. The same logits, seed, constraint and tokens so
  // far give the same token. A constraint that refuses what was drawn has its tokens drawn from alone, with
  // the same filters; it has not accepted the token yet. Throws NUMERIC, NO_CANDIDATE.
  int32_t draw(const float* logits, Distribution& work, Constraint* constraint = nullptr);
  // The probabilities that draw() would draw from; out [vocab].
  void probabilities(const float* logits, Distribution& work, double* out);

 private:
  struct Seen {
    int32_t id;
    uint32_t generated;  // times
  };

  void count(int32_t id, bool generated);
  const float* adjust(const float* logits);
  int32_t draw_allowed(const float* scores, Distribution& work, Constraint& constraint);

  const size_t vocab_;
  const SamplingOptions options_;
  const bool counts_;                            // some penalty needs the tokens so far
  std::vector<Seen> seen_;                       // in the order of their first appearance
  std::unordered_map<int32_t, size_t> seen_at_;  // id → index in seen_
  std::vector<float> adjusted_;                  // [vocab]
  AllowedIds allowed_;
  uint64_t draws_ = 0;
};

}  // namespace ggma

#endif
