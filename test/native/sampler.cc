// Scores, distributions, samplers and log-probabilities without a model.
#include "core/sampler.h"

#include <algorithm>
#include <numeric>

#include "core/logarithm.h"
#include "core/logprobs.h"
#include "core/random.h"
#include "native/harness.h"

namespace ggma::test {
namespace {

const float kInf = std::numeric_limits<float>::infinity();

std::vector<float> logits_of(size_t count, uint64_t seed, float range = 8.0f) {
  Random random(seed);
  std::vector<float> out(count);
  for (float& x : out) x = random.unit() * range;
  return out;
}

GGMA_TEST(natural_log_is_that_of_the_library) {
  Random random(1);
  double worst = 0;
  for (int i = 0; i < 200000; i++) {
    uint64_t bits = random.next() & 0x7fffffffffffffff;
    double x;
    std::memcpy(&x, &bits, sizeof x);
    if (!std::isnormal(x)) continue;
    if (i % 2) x = 1 + static_cast<double>(random.unit()) * 0.5;
    worst = std::max(worst, std::abs(natural_log(x) - std::log(x)) / std::max(1e-3, std::abs(std::log(x))));
  }
  CHECK_FOR(worst < 1e-13, std::to_string(worst * 1e15));
  CHECK(natural_log(1.0) == 0.0);
}

GGMA_TEST(random_units_are_even_and_apart) {
  size_t counts[16] = {};
  double sum = 0;
  for (uint64_t seed = 0; seed < 40; seed++) {
    for (uint64_t draw = 0; draw < 1000; draw++) {
      const double unit = random_unit(seed, draw);
      CHECK(unit >= 0 && unit < 1);
      counts[static_cast<size_t>(unit * 16)]++;
      sum += unit;
    }
    CHECK(random_unit(seed, 0) != random_unit(seed + 1, 0) &&
          random_unit(seed, 1) != random_unit(seed + 1, 0));
  }
  double chi2 = 0;
  for (const size_t count : counts)
    chi2 += (static_cast<double>(count) - 2500) * (static_cast<double>(count) - 2500) / 2500;
  CHECK_FOR(chi2 < 40, std::to_string(chi2));  // 15 degrees of freedom: 1 in 2,000 would be above
  CHECK(std::abs(sum / 40000 - 0.5) < 0.01);
}

GGMA_TEST(top_is_that_of_a_whole_sort) {
  ThreadPool pool(2);
  Scores scores(*available_kernels().front(), pool);
  for (const size_t count : {1, 5, 64, 65, 1000, 9000}) {
    std::vector<float> x = logits_of(count, count);
    for (size_t i = 0; i < count; i += 3) x[i] = std::round(x[i]);  // ties
    if (count > 10) x[7] = -kInf;
    scores.look_at(x.data(), count);
    std::vector<float> sorted = x;
    std::sort(sorted.begin(), sorted.end(), std::greater<float>());
    CHECK(scores.highest() == sorted[0] && x[static_cast<size_t>(scores.first_highest())] == sorted[0]);
    for (const size_t k : {size_t{1}, size_t{2}, size_t{40}, size_t{200}, count}) {
      ScoreList list;
      scores.top(k, list);
      const float least = std::max(sorted[std::min(k, count) - 1], -std::numeric_limits<float>::max());
      size_t expected = 0;
      for (size_t i = 0; i < count; i++) {
        if (!(x[i] >= least)) continue;
        CHECK(expected < list.size() && list.ids[expected] == static_cast<int32_t>(i) &&
              list.values[expected] == x[i]);
        expected++;
      }
      CHECK(list.size() == expected);
    }
  }
}

// Every token about as often as its probability says, with and without filters.
GGMA_TEST(tokens_are_drawn_as_often_as_they_should_be) {
  ThreadPool pool(1);
  Distribution work(*available_kernels().front(), pool);
  std::vector<float> x = logits_of(200, 3, 3.0f);
  x[5] = -kInf;
  const Filters all[] = {{}, {0.7f, 20, 1, 0}, {1.5f, 0, 0.8, 0}, {1, 0, 1, 0.2}, {1, 100, 0.9, 0.05}};
  for (const Filters& filters : all) {
    SamplingOptions options;
    options.filters = filters;
    options.seed = 11;
    Sampler sampler(x.size(), options);
    std::vector<double> p(x.size()), times(x.size());
    sampler.probabilities(x.data(), work, p.data());
    CHECK(std::abs(std::accumulate(p.begin(), p.end(), 0.0) - 1) < 1e-9);
    const size_t draws = 100000;
    for (size_t i = 0; i < draws; i++) times[static_cast<size_t>(sampler.draw(x.data(), work))]++;
    double chi2 = 0, freedom = -1, rest_p = 0, rest = 0;
    for (size_t i = 0; i < x.size(); i++) {
      if (p[i] == 0) CHECK(times[i] == 0);
      const double expected = p[i] * draws;
      if (expected < 20) {  // together, so that each is often enough
        rest_p += p[i];
        rest += times[i];
      } else {
        chi2 += (times[i] - expected) * (times[i] - expected) / expected;
        freedom++;
      }
    }
    if (rest_p * draws > 20) {
      chi2 += (rest - rest_p * draws) * (rest - rest_p * draws) / (rest_p * draws);
      freedom++;
    }
    CHECK_FOR(chi2 < freedom + 5 * std::sqrt(2 * freedom),
              std::to_string(chi2) + " of " + std::to_string(freedom));
  }
}

GGMA_TEST(samplers_give_the_same_tokens_on_every_instruction_set_and_thread_count) {
  const size_t vocab = 50000;  // enough for threads to share it
  std::vector<std::vector<float>> rows;
  for (uint64_t i = 0; i < 12; i++) rows.push_back(logits_of(vocab, 20 + i, 12.0f));
  SamplingOptions options[4];
  options[1].filters = {0.9f, 50, 0.95, 0.01};
  options[2].filters = {1.1f, 0, 0.9, 0};
  options[3].filters = {0.8f, 0, 1, 0.05};
  options[3].repetition_penalty = 1.3f;
  options[3].presence_penalty = 0.2f;
  for (SamplingOptions& one : options) {
    one.seed = 99;
    std::vector<int32_t> expected;
    for (const KernelTable* kernels : available_kernels()) {
      for (const size_t threads : {1, 4}) {
        ThreadPool pool(threads);
        Distribution work(*kernels, pool);
        Sampler sampler(vocab, one);
        std::vector<int32_t> drawn;
        for (const auto& row : rows) drawn.push_back(sampler.draw(row.data(), work));
        if (expected.empty()) expected = drawn;
        CHECK_FOR(drawn == expected, kernels->name);
      }
    }
    CHECK(*std::max_element(expected.begin(), expected.end()) >
          *std::min_element(expected.begin(), expected.end()));
  }
}

GGMA_TEST(sampler_counts_what_it_draws) {
  ThreadPool pool(1);
  Distribution work(*available_kernels().front(), pool);
  SamplingOptions options;
  options.filters.temperature = 0;
  options.frequency_penalty = 1;
  options.logit_bias = {{0, -kInf}};
  Sampler sampler(4, options);
  const float logits[] = {9, 3, 2.5f, 1};
  const int32_t prompt[] = {1, 1, 1};  // counts for repetition only
  sampler.see(prompt, 3, false);
  std::vector<int32_t> drawn;
  for (int i = 0; i < 5; i++) drawn.push_back(sampler.draw(logits, work));
  CHECK(
      (drawn == std::vector<int32_t>{1, 2, 1, 2, 1}));  // 3, 2.5, 2, 1.5, 1 before 3's 1: the first of equals
  CHECK(failure_of([&] { sampler.see(prompt, 3, true); }) == "");
  const int32_t wrong = 4;
  CHECK(failure_of([&] { sampler.see(&wrong, 1, true); }) == "OPTION");
  options.logit_bias = {{4, 1.0f}};
  CHECK(failure_of([&] { Sampler(4, options); }) == "OPTION");
}

GGMA_TEST(what_cannot_be_drawn_from_is_refused) {
  ThreadPool pool(1);
  Distribution work(*available_kernels().front(), pool);
  for (const float temperature : {0.0f, 1.0f}) {
    for (const size_t top_k : {0, 2}) {
      const Filters filters{temperature, top_k, 1, 0};
      for (size_t at = 0; at < 100; at += 9) {
        std::vector<float> x = logits_of(100, at);
        for (const float bad : {kNaN, kInf}) {
          x[at] = bad;
          CHECK(failure_of([&] { work.set(x.data(), x.size(), filters); }) == "NUMERIC");
        }
        x[at] = -kInf;
        CHECK(failure_of([&] { work.set(x.data(), x.size(), filters); }) == "");
      }
      const std::vector<float> none(100, -kInf);
      CHECK(failure_of([&] { work.set(none.data(), 100, filters); }) == "NO_CANDIDATE");
    }
  }
  // One token left, huge and tiny scores: no division by nothing, no token that is banned.
  std::vector<float> x(100, -kInf);
  x[63] = -1e30f;
  for (const Filters& filters :
       {Filters{}, Filters{1e-30f, 0, 1, 0}, Filters{1, 5, 0.5, 0.5}, Filters{100, 0, 0, 0}}) {
    work.set(x.data(), 100, filters);
    for (const double unit : {0.0, 0.5, 1 - 0x1p-53, 1.0}) CHECK(work.pick(unit) == 63);
  }
  x.assign(100, 0.0f);
  x[99] = 3e38f;
  x[0] = -3e38f;
  work.set(x.data(), 100, {});
  for (const double unit : {0.0, 0.5, 1.0}) CHECK(work.pick(unit) == 99);
}

GGMA_TEST(logprobs_are_those_of_a_plain_softmax) {
  ThreadPool pool(2);
  for (const size_t vocab : {3, 64, 5000}) {
    for (const KernelTable* kernels : available_kernels()) {
      Logprobs logprobs(*kernels, pool);
      std::vector<float> x = logits_of(vocab, vocab);
      x[1] = x[0];  // equal ones come by id
      double sum = 0;
      for (const float one : x) sum += std::exp(double{one});
      double own[2];
      int32_t ids[6];
      double top[6];
      const LogprobSink sink{own, 3, ids, top};
      logprobs.write(x.data(), vocab, 2, sink, 1);
      CHECK(std::abs(own[1] - (double{x[2]} - std::log(sum))) < 1e-6);
      std::vector<int32_t> order(vocab);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        return x[static_cast<size_t>(a)] > x[static_cast<size_t>(b)];
      });
      for (size_t i = 0; i < 3; i++) {
        CHECK(ids[3 + i] == order[i]);
        CHECK(std::abs(top[3 + i] - (double{x[static_cast<size_t>(order[i])]} - std::log(sum))) < 1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace ggma::test
