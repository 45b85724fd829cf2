// Constraints: what they allow comes, nothing else, and nobody beside them notices.
#include "native/constraint.h"

#include <algorithm>
#include <numeric>

#include "core/choices.h"
#include "core/random.h"
#include "native/steps.h"
#include "native/task.h"

namespace ggma::test {
namespace {

std::vector<int32_t> allowed_ids(Constraint& constraint) {
  std::vector<uint32_t> mask(mask_words(constraint.vocab()), 0xdeadbeef);
  constraint.mask(mask.data());
  std::vector<int32_t> ids;
  for (int32_t id = 0; id < static_cast<int32_t>(mask.size() * 32); id++) {
    const bool set = mask[static_cast<size_t>(id) / 32] >> id % 32 & 1;
    if (set) ids.push_back(id);
    if (id < static_cast<int32_t>(constraint.vocab())) {
      CHECK(constraint.allows(id) == set);
    } else {
      CHECK(!set);
    }
  }
  return ids;
}

using Ids = std::vector<int32_t>;

GGMA_TEST(choices_allow_their_sequences_and_an_end) {
  Choices choices(70, {{1, 2, 3}, {1, 2}, {1, 40, 69}, {64}}, {0, 65});
  CHECK((allowed_ids(choices) == Ids{1, 64}));
  choices.accept(1);
  CHECK((allowed_ids(choices) == Ids{2, 40}));
  choices.accept(2);
  CHECK((allowed_ids(choices) == Ids{0, 3, 65}));
  choices.accept(3);
  CHECK((allowed_ids(choices) == Ids{0, 65}));
  choices.accept(65);
  CHECK((allowed_ids(choices) == Ids{0, 65}));
  choices.rollback(3);
  CHECK((allowed_ids(choices) == Ids{2, 40}));
  choices.accept(40);
  choices.accept(69);
  CHECK((allowed_ids(choices) == Ids{0, 65}) && choices.accepted() == 3);
  choices.rollback(3);
  CHECK((allowed_ids(choices) == Ids{1, 64}) && choices.accepted() == 0);
  choices.rollback(0);
  // An end id within a sequence goes on with it.
  Choices inner(70, {{1}, {1, 0, 5}}, {0});
  inner.accept(1);
  CHECK((allowed_ids(inner) == Ids{0}));
  inner.accept(0);
  CHECK((allowed_ids(inner) == Ids{5}));
}

GGMA_TEST(choices_that_make_no_sense_are_refused) {
  const auto code = [](std::vector<Ids> sequences, Ids ends) {
    return failure_of([&] { Choices(10, sequences, ends); });
  };
  CHECK(code({{1}}, {0}) == "");
  CHECK(code({}, {0}) == "OPTION" && code({{1}, {}}, {0}) == "OPTION" && code({{1}}, {}) == "OPTION");
  CHECK(code({{1, 10}}, {0}) == "OPTION" && code({{-1}}, {0}) == "OPTION" && code({{1}}, {10}) == "OPTION");
}

// A constraint without objections changes no draw; one with some has its tokens drawn as often as their share
// of the allowed ones says.
GGMA_TEST(constrained_draws_follow_the_probabilities_of_the_allowed_tokens) {
  ThreadPool pool(1);
  Distribution work(*available_kernels().front(), pool);
  std::vector<float> x(90);
  Random random(5);
  for (float& score : x) score = random.unit() * 3;
  SamplingOptions options;
  options.seed = 7;
  Sampler plain(x.size(), options), free(x.size(), options), bound(x.size(), options);
  std::vector<double> p(x.size()), times(x.size());
  plain.probabilities(x.data(), work, p.data());
  class All : public Parity {
   public:
    All() : Parity(90, 0) {}
    bool allows(int32_t) override { return true; }
  } all;
  Parity odd(x.size(), 1);
  const size_t draws = 50000;
  size_t same = 0;
  for (size_t i = 0; i < draws; i++) {
    const int32_t id = plain.draw(x.data(), work);
    same += free.draw(x.data(), work, &all) == id ? 1 : 0;
    const int32_t drawn = bound.draw(x.data(), work, &odd);
    CHECK(drawn % 2 == 1);
    if (id % 2 == 1) CHECK(drawn == id);
    times[static_cast<size_t>(drawn)]++;
  }
  CHECK(same == draws && all.masks == 0 && odd.accepted() == 0);
  double whole = 0, chi2 = 0;
  for (size_t i = 1; i < p.size(); i += 2) whole += p[i];
  for (size_t i = 1; i < p.size(); i += 2) {
    const double expected = p[i] / whole * draws;
    chi2 += (times[i] - expected) * (times[i] - expected) / expected;
  }
  CHECK_FOR(chi2 < 44 + 5 * std::sqrt(88.0), std::to_string(chi2));
  CHECK_FOR(odd.masks > draws / 4 && odd.masks < draws, std::to_string(odd.masks));
}

// Filters apply to what is left: with top_k 1 the best allowed token comes, whatever the seed.
GGMA_TEST(filters_apply_to_the_allowed_tokens) {
  ThreadPool pool(1);
  Distribution work(*available_kernels().front(), pool);
  std::vector<float> x(64, 0.0f);
  x[10] = 5, x[12] = 4, x[33] = 3, x[35] = 2;
  Parity odd(x.size(), 1);
  for (uint64_t seed = 0; seed < 20; seed++) {
    SamplingOptions options;
    options.seed = seed;
    options.filters.top_k = 1;
    CHECK(Sampler(x.size(), options).draw(x.data(), work, &odd) == 33);
    options.filters = {0, 0, 1, 0};
    CHECK(Sampler(x.size(), options).draw(x.data(), work, &odd) == 33);
    options.filters = {1, 0, 1, 0};
    options.logit_bias = {{35, 100.0f}};
    CHECK(Sampler(x.size(), options).draw(x.data(), work, &odd) == 35);
  }
}

std::vector<Task> constrained_tasks(Model& model) {
  std::vector<Task> tasks = tasks_for(model, 12);
  for (size_t i = 0; i < tasks.size(); i++)
    if (i % 2 == 1) tasks[i].constraint = std::make_unique<Parity>(53, static_cast<int32_t>(i / 2 % 2));
  return tasks;
}

// Some of the sequences of a batch are constrained: each of them gives what it gives alone, and the others
// what they give without any constraint around.
GGMA_TEST(a_constraint_changes_nothing_in_its_neighbours) {
  LoadedLlama scalar(1, "scalar");
  std::vector<Task> free = tasks_for(scalar.model, 12), alone = constrained_tasks(scalar.model);
  for (Task& task : free) finish(scalar.model, task);
  size_t changed = 0;
  for (size_t i = 0; i < alone.size(); i++) {
    finish(scalar.model, alone[i]);
    if (!alone[i].constraint) {
      CHECK(alone[i].same(free[i]));
      continue;
    }
    for (const int32_t id : alone[i].out) CHECK(alone[i].constraint->allows(id));
    CHECK(static_cast<Parity*>(alone[i].constraint.get())->ids == alone[i].out);
    changed += alone[i].out != free[i].out ? 1 : 0;
  }
  CHECK(changed == 6);
  for (const size_t threads : {1, 3}) {
    LoadedLlama loaded(threads);
    std::vector<Task> tasks = constrained_tasks(loaded.model);
    Random random(threads);
    while (!std::all_of(tasks.begin(), tasks.end(), [](const Task& task) { return task.done(); })) {
      std::vector<Task*> chosen;
      std::vector<DecodeRequest> requests;
      for (Task& task : tasks)
        if (!task.done() && random.below(4) > 0) chosen.push_back(&task);
      for (Task* task : chosen) requests.push_back(task->request(1 + random.below(6)));
      Batch batch(loaded.model, requests);
      if (!requests.empty()) batch.run(random.below(2) ? 0 : 1e9, nullptr);
      for (size_t i = 0; i < chosen.size(); i++) chosen[i]->take(batch.outcomes[i]);
    }
    for (size_t i = 0; i < tasks.size(); i++) CHECK_FOR(tasks[i].same(alone[i]), std::to_string(i));
  }
}

// Greedy and sampled, without log-probabilities, so that greedy steps leave the logits out at first.
GGMA_TEST(choices_come_out_whole_and_end) {
  LoadedLlama loaded;
  const std::vector<Ids> sequences = {{7, 8, 9, 10}, {7, 30}, {41, 42, 43, 44, 45, 46}};
  std::vector<size_t> found(sequences.size());
  for (uint64_t seed = 0; seed < 60; seed++) {
    SamplingOptions options;
    options.seed = seed;
    options.filters.temperature = 1.5f;
    Sampler sampler(53, options);
    Choices choices(53, sequences, {2});
    const Ids prompt = random_tokens(seed, 5), stops = {2};
    Ids out(20, -7);
    DecodeRequest request{};
    request.sequence = loaded.model.create_sequence();
    request.feed = prompt.data();
    request.feed_count = prompt.size();
    request.out = out.data();
    request.count = out.size();
    request.stop_ids = stops.data();
    request.stop_count = 1;
    request.sampler = seed % 3 > 0 ? &sampler : nullptr;
    request.constraint = &choices;
    Batch batch(loaded.model, {request});
    batch.run(1e9, nullptr);
    CHECK(!batch.outcomes[0].failure);
    out.resize(batch.outcomes[0].produced);
    CHECK(out.size() > 1 && out.back() == 2 && choices.accepted() == out.size());
    out.pop_back();
    const auto which = std::find(sequences.begin(), sequences.end(), out);
    CHECK(which != sequences.end());
    if (which != sequences.end()) found[static_cast<size_t>(which - sequences.begin())]++;
    loaded.model.free_sequence(request.sequence);
  }
  for (const size_t times : found) CHECK(times > 0);
}

GGMA_TEST(a_constraint_that_allows_nothing_or_knows_other_ids_fails_its_request_alone) {
  LoadedLlama loaded;
  class Nothing : public Parity {
   public:
    explicit Nothing(size_t vocab) : Parity(vocab, 0) {}
    bool allows(int32_t) override { return false; }
    void mask(uint32_t* out) override { std::fill(out, out + mask_words(vocab()), 0u); }
  } nothing(53), drawn(53), other(54);
  Sampler sampler(53, {});
  const int32_t token = 1;
  int32_t out[4];
  std::vector<DecodeRequest> requests(4);
  for (size_t i = 0; i < requests.size(); i++) {
    requests[i].sequence = loaded.model.create_sequence();
    requests[i].feed = &token;
    requests[i].feed_count = 1;
    requests[i].out = out + i;
    requests[i].count = 1;
  }
  requests[0].constraint = &nothing;
  requests[1].constraint = &drawn;
  requests[1].sampler = &sampler;
  requests[2].constraint = &other;
  Batch batch(loaded.model, requests);
  batch.run(1e9, nullptr);
  const char* const codes[] = {"NO_CANDIDATE", "NO_CANDIDATE", "STEP_INVALID", ""};
  for (size_t i = 0; i < requests.size(); i++) {
    const auto& failure = batch.outcomes[i].failure;
    CHECK_FOR((failure ? failure->code : "") == codes[i], std::to_string(i));
  }
  CHECK(batch.outcomes[3].produced == 1);
}

}  // namespace
}  // namespace ggma::test
