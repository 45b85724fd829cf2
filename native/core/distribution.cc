#include "core/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/logarithm.h"

namespace ggma {

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
  if (filters.min_p > 0) {
    // The highest term is 1.
    list_.filter([&](size_t i) { return double{terms_[i]} >= filters.min_p; });
    terms_.erase(std::remove_if(terms_.begin(), terms_.end(),
                                [&](float term) { return double{term} < filters.min_p; }),
                 terms_.end());
  }
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

void Distribution::keep_top_p(double top_p, double whole) {
  const auto before = [&](size_t a, size_t b) {
    return list_.values[a] > list_.values[b] || (list_.values[a] == list_.values[b] && a < b);
  };
  order_.resize(list_.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  // Halves [low, high) until it holds the last one that stays: that with less than `needed` before it.
  const double needed = top_p * whole;
  size_t low = 0, high = order_.size();
  double mass = 0;  // of [0, low)
  const auto at = [&](size_t i) { return order_.begin() + static_cast<std::ptrdiff_t>(i); };
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    std::nth_element(at(low), at(middle), at(high), before);
    double upper = mass;
    for (size_t i = low; i < middle; i++) upper += double{terms_[order_[i]]};
    if (upper < needed) {
      low = middle;
      mass = upper;
    } else {
      high = middle;
    }
  }
  const size_t last = order_[low];
  const float least = list_.values[last];
  size_t kept = 0;
  list_.filter([&](size_t i) {
    // filter() writes behind i: values[i] is still the one that was.
    const bool stays = list_.values[i] > least || (list_.values[i] == least && i <= last);
    if (stays) terms_[kept++] = terms_[i];
    return stays;
  });
  terms_.resize(kept);
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
