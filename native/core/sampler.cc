#include "core/sampler.h"

#include <string>

#include "core/failure.h"
#include "core/random.h"

namespace ggma {
namespace {

void expect_id(int32_t id, size_t vocab, const char* what) {
  if (id < 0 || static_cast<size_t>(id) >= vocab)
    throw Failure("OPTION",
                  "expected token ids from 0 to " + std::to_string(vocab - 1) + " for " + what + ", got " +
                      std::to_string(id),
                  what);
}

}  // namespace

Sampler::Sampler(size_t vocab, SamplingOptions options)
    : vocab_(vocab),
      options_(std::move(options)),
      counts_(options_.repetition_penalty != 1 || options_.presence_penalty != 0 ||
              options_.frequency_penalty != 0) {
  for (const auto& [id, bias] : options_.logit_bias) expect_id(id, vocab, "logitBias");
}

void Sampler::see(const int32_t* ids, size_t count, bool generated) {
  for (size_t i = 0; i < count; i++) expect_id(ids[i], vocab_, "the tokens so far");
  for (size_t i = 0; i < count; i++) this->count(ids[i], generated);
}

void Sampler::count(int32_t id, bool generated) {
  if (!counts_) return;
  const auto [place, is_new] = seen_at_.try_emplace(id, seen_.size());
  if (is_new) seen_.push_back({id, 0});
  if (generated) seen_[place->second].generated++;
}

// A copy with the biases and penalties in it, or the logits themselves when there are none.
const float* Sampler::adjust(const float* logits) {
  if (seen_.empty() && options_.logit_bias.empty()) return logits;
  adjusted_.assign(logits, logits + vocab_);
  for (const auto& [id, bias] : options_.logit_bias) adjusted_[static_cast<size_t>(id)] += bias;
  for (const Seen& seen : seen_) {
    float& score = adjusted_[static_cast<size_t>(seen.id)];
    const float r = options_.repetition_penalty;
    if (r != 1) score = score < 0 ? score * r : score / r;
    if (seen.generated > 0)
      score -= static_cast<float>(seen.generated) * options_.frequency_penalty + options_.presence_penalty;
  }
  return adjusted_.data();
}

int32_t Sampler::draw(const float* logits, Distribution& work, Constraint* constraint) {
  const float* scores = adjust(logits);
  work.set(scores, vocab_, options_.filters);
  int32_t id = work.pick(random_unit(options_.seed, draws_));
  if (constraint && !constraint->allows(id)) id = draw_allowed(scores, work, *constraint);
  draws_++;
  count(id, true);
  return id;
}

int32_t Sampler::draw_allowed(const float* scores, Distribution& work, Constraint& constraint) {
  if (scores != adjusted_.data()) adjusted_.assign(scores, scores + vocab_);
  allowed_.ask(constraint);
  allowed_.ban_others(adjusted_.data());
  work.set(adjusted_.data(), vocab_, options_.filters);
  return work.pick(second_unit(options_.seed, draws_));
}

void Sampler::probabilities(const float* logits, Distribution& work, double* out) {
  work.set(adjust(logits), vocab_, options_.filters);
  work.probabilities(out);
}

}  // namespace ggma
