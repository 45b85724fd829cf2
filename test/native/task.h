// A generation of the tiny model for tests of batches: what it asks for, and all that it got.
#ifndef GGMA_TEST_NATIVE_TASK_H
#define GGMA_TEST_NATIVE_TASK_H

#include "core/batch.h"
#include "native/tiny_program.h"

namespace ggma::test {

constexpr size_t kTop = 2;  // alternatives

struct Task {
  std::vector<int32_t> prompt;
  size_t count;
  int32_t sequence = -1;
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<Constraint> constraint;
  size_t fed = 0, produced = 0;
  std::vector<int32_t> out, ids, score_ids;
  std::vector<double> logprobs, top, scores, score_top;

  Task(Model& model, uint64_t seed, size_t length, size_t tokens)
      : count(tokens), sequence(model.create_sequence()) {
    Random random(seed);
    for (size_t i = 0; i < length; i++) prompt.push_back(static_cast<int32_t>(random.below(53)));
    if (seed % 3 > 0) {
      SamplingOptions options;
      options.seed = seed;
      options.filters = {0.9f, seed % 2 ? size_t{10} : 0, 0.95, 0};
      options.frequency_penalty = 0.1f;
      sampler = std::make_unique<Sampler>(53, options);
    }
    out.assign(count, -7);
    logprobs.assign(count, 0);
    ids.assign(count * kTop, -7);
    top.assign(count * kTop, 0);
    scores.assign(length, 0);
    score_ids.assign(length * kTop, -7);
    score_top.assign(length * kTop, 0);
  }

  bool done() const { return produced == count; }
  DecodeRequest request(size_t most) {
    DecodeRequest r{};
    r.sequence = sequence;
    r.count = std::min(most, count - produced);
    r.out = out.data() + produced;
    r.logprobs = {logprobs.data() + produced, kTop, ids.data() + produced * kTop,
                  top.data() + produced * kTop};
    r.sampler = sampler.get();
    r.constraint = constraint.get();
    if (produced == 0) {
      r.position = static_cast<int32_t>(fed);
      r.feed = prompt.data() + fed;
      r.feed_count = prompt.size() - fed;
      r.scores = {scores.data() + fed, kTop, score_ids.data() + fed * kTop, score_top.data() + fed * kTop};
    } else {
      r.position = static_cast<int32_t>(prompt.size() + produced - 1);
      r.feed = out.data() + produced - 1;
      r.feed_count = 1;
    }
    return r;
  }
  void take(const DecodeOutcome& outcome) {
    CHECK(!outcome.failure);
    if (produced == 0) fed += outcome.fed;
    produced += outcome.produced;
  }
  bool same(const Task& other) const {
    return out == other.out && ids == other.ids && score_ids == other.score_ids &&
           logprobs == other.logprobs && top == other.top && scores == other.scores &&
           score_top == other.score_top;
  }
};

inline std::vector<Task> tasks_for(Model& model, size_t count) {
  std::vector<Task> out;
  for (size_t i = 0; i < count; i++)
    out.emplace_back(model, 100 + i, i % 5 == 4 ? 150 + i : 1 + 7 * (i % 4), 12 + i % 9);
  return out;
}

// Runs requests of one task until it is done.
inline void finish(Model& model, Task& task) {
  while (!task.done()) {
    Batch batch(model, {task.request(task.count)});
    batch.run(1e9, nullptr);
    task.take(batch.outcomes[0]);
  }
}

}  // namespace ggma::test

#endif
