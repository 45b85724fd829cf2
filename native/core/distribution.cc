#include "core/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/logarithm.h"

namespace ggma {
namespace {

constexpr size_t kBuckets = 1024;

}  // namespace

template <class Keep>
void Distribution::keep_where(Keep keep) {
  size_t kept = 0;
  list_.filter([&](size_t i) {
    // What is kept goes to the front: entry i is still the one that was.
    const bool stays = keep(i);
    if (stays) terms_[kept++] = terms_[i];
    return stays;
  });
  terms_.resize(kept);
}

void Distribution::set(const float* scores, size_t count, const Filters& filters) {
  scores_.look_at(scores, count);
  row_ = scores;
  temperature_ = filters.temperature;
  all_ = false;
  if (temperature_ == 0) {
    const int32_t best = scores_.first_highest();
    list_.ids.assign(1, best);
    list_.values.assign(1, scores_.highest());
    terms_.assign(1, 1.0f);
    return;
  }
  const bool top_k = filters.top_k > 0 && filters.top_k < count;
  all_ = !top_k && filters.top_p >= 1 && filters.min_p <= 0;
  if (all_) {
    whole_ = scores_.exp_sum(temperature_);
    return;
  }
  if (top_k) {
    scores_.top(filters.top_k, list_);
  } else {
    gather(filters);
  }
  terms_.resize(list_.size());
  const double listed = scores_.exp_terms(list_.values.data(), list_.size(), temperature_, terms_.data());
  if (filters.top_p < 1) keep_top_p(filters.top_p, top_k ? listed : whole_);
  // The highest term is 1.
  if (filters.min_p > 0) keep_where([&](size_t i) { return double{terms_[i]} >= filters.min_p; });
}

// All that top-p and min-p can keep, and little else: a term below (1 − p) · whole / count is not needed, for
// all such together have less than 1 − p. Half of that leaves room for rounding.
void Distribution::gather(const Filters& filters) {
  double least = filters.min_p / 2;
  if (filters.top_p < 1) {
    whole_ = scores_.exp_sum(temperature_);
    least = std::max(least, (1 - filters.top_p) * whole_ / static_cast<double>(scores_.count()) / 2);
  }
  double threshold = -std::numeric_limits<float>::max();
  if (least > std::numeric_limits<double>::min()) {
    const double highest = double{scores_.highest()};
    threshold = highest + double{temperature_} * natural_log(least) - std::abs(highest) * 0x1p-20;
  }
  scores_.at_least(static_cast<float>(std::max(threshold, -double{std::numeric_limits<float>::max()})),
                   list_);
}

// Adds up the terms by buckets of scores; only in the bucket where they reach top_p does the order matter. A
// sort of thousands of candidates would take longer than the model.
void Distribution::keep_top_p(double top_p, double whole) {
  const std::vector<float>& values = list_.values;
  const auto lowest = std::min_element(values.begin(), values.end());
  const float highest = scores_.highest();
  const float scale = highest > *lowest ? static_cast<float>(kBuckets - 1) / (highest - *lowest) : 0;
  const auto bucket_of = [&](float value) {
    const float at = (highest - value) * scale;  // NaN where the difference overflows: far away, too
    return at < static_cast<float>(kBuckets - 1) ? static_cast<size_t>(at) : kBuckets - 1;
  };
  masses_.assign(kBuckets, 0.0);
  for (size_t i = 0; i < values.size(); i++) masses_[bucket_of(values[i])] += double{terms_[i]};
  const double needed = top_p * whole;
  double before = 0;
  size_t bucket = 0;
  const size_t last_bucket = bucket_of(*lowest);
  while (bucket < last_bucket && before + masses_[bucket] < needed) before += masses_[bucket++];
  order_.clear();
  for (size_t i = 0; i < values.size(); i++)
    if (bucket_of(values[i]) == bucket) order_.push_back(i);
  std::sort(order_.begin(), order_.end(),
            [&](size_t a, size_t b) { return values[a] > values[b] || (values[a] == values[b] && a < b); });
  // Those of order_ stay while the ones before them have less than is needed.
  size_t stays = 0;
  for (; stays < order_.size() && before < needed; stays++) before += double{terms_[order_[stays]]};
  const size_t last = order_[std::max<size_t>(stays, 1) - 1];
  const float least = values[last];
  keep_where([&](size_t i) { return values[i] > least || (values[i] == least && i <= last); });
}

int32_t Distribution::pick(double unit) {
  if (all_) return scores_.find(unit * whole_, temperature_);
  double whole = 0;
  for (const float term : terms_) whole += double{term};
  const double target = unit * whole;
  double sum = 0;
  size_t found = 0;
  for (size_t i = 0; i < terms_.size(); i++) {
    if (terms_[i] > 0) found = i;
    sum += double{terms_[i]};
    if (sum > target) break;
  }
  return list_.ids[found];
}

void Distribution::probabilities(double* out) {
  const size_t count = scores_.count();
  if (all_) {
    terms_.resize(count);
    scores_.exp_terms(row_, count, temperature_, terms_.data());
  }
  double whole = 0;
  for (const float term : terms_) whole += double{term};
  std::fill(out, out + count, 0.0);
  for (size_t i = 0; i < terms_.size(); i++)
    out[all_ ? i : static_cast<size_t>(list_.ids[i])] = double{terms_[i]} / whole;
}

}  // namespace ggma
