#include "core/scores.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "core/failure.h"

namespace ggma {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kExpWork = 12;  // an exponential in multiply-adds

size_t blocks_of(size_t count) { return (count + kScoreBlock - 1) / kScoreBlock; }

}  // namespace

void Scores::look_at(const float* scores, size_t count) {
  scores_ = scores;
  count_ = count;
  maxima_.resize(blocks_of(count));
  const BlockMaxArgs args{maxima_.data(), scores, count};
  pool_.split(kernels_.block_max, args, blocks(), kScoreBlock);
  highest_ = -kInfinity;
  for (const float highest : maxima_) {
    if (!(highest < kInfinity)) throw Failure("NUMERIC", "expected finite scores, got NaN or infinity");
    highest_ = std::max(highest_, highest);
  }
  if (highest_ == -kInfinity)
    throw Failure("NO_CANDIDATE", "expected a token that may be chosen, got none: all are banned");
}

int32_t Scores::first_highest() const {
  const auto block =
      static_cast<size_t>(std::find(maxima_.begin(), maxima_.end(), highest_) - maxima_.begin());
  const float* at = scores_ + block * kScoreBlock;
  while (*at != highest_) at++;
  return static_cast<int32_t>(at - scores_);
}

double Scores::exp_sum(float temperature) {
  sums_.resize(blocks());
  const BlockExpArgs args{sums_.data(), nullptr, scores_, count_, highest_, temperature};
  pool_.split(kernels_.block_exp, args, blocks(), kScoreBlock * kExpWork);
  double total = 0;
  for (const float sum : sums_) total += double{sum};
  return total;
}

int32_t Scores::find(double target, float temperature) {
  double before = 0;
  size_t block = 0, last = 0;
  for (; block < blocks(); block++) {
    if (sums_[block] > 0) last = block;
    if (before + double{sums_[block]} > target) break;
    before += double{sums_[block]};
  }
  if (block == blocks()) {  // target is the whole sum, or rounded up to it
    block = last;
    target = std::numeric_limits<double>::infinity();
  }
  const size_t first = block * kScoreBlock, n = std::min<size_t>(kScoreBlock, count_ - first);
  float terms[kScoreBlock];
  exp_terms(scores_ + first, n, temperature, terms);
  size_t found = 0;
  for (size_t i = 0; i < n; i++) {
    if (terms[i] > 0) found = i;
    before += double{terms[i]};
    if (before > target) break;
  }
  return static_cast<int32_t>(first + found);
}

double Scores::exp_terms(const float* values, size_t count, float temperature, float* terms) {
  work_.resize(blocks_of(count));
  const BlockExpArgs args{work_.data(), terms, values, count, highest_, temperature};
  pool_.split(kernels_.block_exp, args, work_.size(), kScoreBlock * kExpWork);
  double total = 0;
  for (const float sum : work_) total += double{sum};
  return total;
}

void Scores::at_least(float threshold, ScoreList& out) const {
  out.ids.clear();
  out.values.clear();
  threshold = std::max(threshold, -std::numeric_limits<float>::max());
  for (size_t b = 0; b < blocks(); b++) {
    if (maxima_[b] < threshold) continue;
    const size_t end = std::min(count_, (b + 1) * kScoreBlock);
    for (size_t i = b * kScoreBlock; i < end; i++) {
      if (scores_[i] < threshold) continue;
      out.ids.push_back(static_cast<int32_t>(i));
      out.values.push_back(scores_[i]);
    }
  }
}

void Scores::top(size_t k, ScoreList& out) {
  float threshold = -kInfinity;
  if (k < blocks()) {
    // As many blocks reach up to the k-th highest maximum: so do at least k scores.
    work_ = maxima_;
    const auto nth = work_.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(work_.begin(), nth, work_.end(), std::greater<float>());
    threshold = *nth;
  }
  at_least(threshold, out);
  if (out.size() <= k) return;
  work_ = out.values;
  const auto nth = work_.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(work_.begin(), nth, work_.end(), std::greater<float>());
  const float least = *nth;
  out.filter([&](size_t i) { return out.values[i] >= least; });
}

}  // namespace ggma
