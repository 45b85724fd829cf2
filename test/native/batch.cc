// Lock-step decoding: what a sequence gives does not depend on what runs beside it.
#include <algorithm>
#include <thread>

#include "native/task.h"

namespace ggma::test {
namespace {

GGMA_TEST(batches_give_each_sequence_what_it_gets_alone) {
  LoadedLlama scalar(1, "scalar");
  std::vector<Task> alone = tasks_for(scalar.model, 20);
  for (Task& task : alone) finish(scalar.model, task);
  for (const size_t threads : {1, 2, 4}) {
    LoadedLlama loaded(threads);
    std::vector<Task> tasks = tasks_for(loaded.model, alone.size());
    Random random(threads);
    while (!std::all_of(tasks.begin(), tasks.end(), [](const Task& task) { return task.done(); })) {
      std::vector<Task*> chosen;
      for (Task& task : tasks)
        if (!task.done() && random.below(4) > 0) chosen.push_back(&task);
      for (size_t i = chosen.size(); i > 1; i--) std::swap(chosen[i - 1], chosen[random.below(i)]);
      std::vector<DecodeRequest> requests;
      for (Task* task : chosen) requests.push_back(task->request(1 + random.below(6)));
      Batch batch(loaded.model, requests);
      if (!requests.empty()) batch.run(random.below(2) ? 0 : 1e9, nullptr);
      for (size_t i = 0; i < chosen.size(); i++) chosen[i]->take(batch.outcomes[i]);
    }
    for (size_t i = 0; i < tasks.size(); i++) CHECK_FOR(tasks[i].same(alone[i]), std::to_string(i));
  }
}

// A sequence that shares its beginning is rewound into the shared part, and goes on beside the one it came
// from.
GGMA_TEST(batches_leave_shared_beginnings_alone) {
  LoadedLlama loaded;
  Task alone(loaded.model, 3, 70, 40), first(loaded.model, 3, 70, 40), second(loaded.model, 3, 70, 40);
  finish(loaded.model, alone);
  while (first.produced < 20) {
    Batch batch(loaded.model, {first.request(20)});
    batch.run(1e9, nullptr);
    first.take(batch.outcomes[0]);
  }
  second.sequence = loaded.model.fork_sequence(first.sequence, 80);
  second.fed = 40;  // position 40 of 80: both blocks of 64 are shared
  while (!first.done() || !second.done()) {
    std::vector<Task*> in;
    std::vector<DecodeRequest> requests;
    for (Task* task : {&first, &second}) {
      if (task->done()) continue;
      in.push_back(task);
      requests.push_back(task->request(task->count));
    }
    Batch batch(loaded.model, requests);
    batch.run(1e9, nullptr);
    for (size_t i = 0; i < in.size(); i++) in[i]->take(batch.outcomes[i]);
  }
  CHECK(first.out == alone.out && first.logprobs == alone.logprobs);
  CHECK(second.out == alone.out && second.logprobs == alone.logprobs);
}

// More sequences than a step has rows: all of them get on.
GGMA_TEST(batches_of_more_sequences_than_rows_are_fair) {
  LoadedLlama loaded(2, nullptr, uint64_t{1} << 30, 64);
  std::vector<Task> tasks;
  for (size_t i = 0; i < 300; i++) tasks.emplace_back(loaded.model, 3 * (i % 7), 1, 20);
  std::vector<DecodeRequest> requests;
  for (Task& task : tasks) requests.push_back(task.request(20));
  Batch batch(loaded.model, requests);
  batch.run(1e9, nullptr);
  size_t least = 20, most = 0;
  for (const DecodeOutcome& outcome : batch.outcomes) {
    CHECK(!outcome.failure);
    least = std::min(least, outcome.produced);
    most = std::max(most, outcome.produced);
  }
  CHECK(most == 20 && least >= 5);
}

// Steps, one a job as a caller with impatient consumers makes them, until all of `waiting` have their first
// token. Requests are named anew for each job, `drawing` first.
size_t steps_to_first_tokens(Model& model, std::vector<Task>& drawing, std::vector<Task>& waiting) {
  size_t steps = 0;
  const auto starts = [](const Task& task) { return task.produced == 0; };
  for (; std::any_of(waiting.begin(), waiting.end(), starts) && steps < 1000; steps++) {
    std::vector<DecodeRequest> requests;
    std::vector<Task*> tasks;
    for (std::vector<Task>* list : {&drawing, &waiting}) {
      for (Task& task : *list) {
        if (task.done()) continue;
        tasks.push_back(&task);
        requests.push_back(task.request(task.count));
      }
    }
    Batch batch(model, requests);
    batch.run(0, nullptr);
    for (size_t i = 0; i < tasks.size(); i++) tasks[i]->take(batch.outcomes[i]);
  }
  return steps;
}

// A prompt has 16 rows of every step, however many sequences draw; those that draw take turns.
GGMA_TEST(prompts_get_on_beside_any_number_that_draw) {
  for (const size_t count : {64, 127, 128, 200, 1000}) {
    LoadedLlama loaded(1, nullptr, uint64_t{1} << 32, 300);
    std::vector<Task> drawing, waiting;
    for (size_t i = 0; i < count; i++) drawing.emplace_back(loaded.model, 3 * (i % 7), 1, 250);
    std::vector<Task> nobody;
    steps_to_first_tokens(loaded.model, nobody, drawing);
    waiting.emplace_back(loaded.model, 9, 10, 1);
    CHECK(steps_to_first_tokens(loaded.model, drawing, waiting) == 1);
    waiting.clear();
    for (size_t i = 0; i < 3; i++) waiting.emplace_back(loaded.model, 9 + 3 * i, 40, 1);
    const size_t steps = steps_to_first_tokens(loaded.model, drawing, waiting);
    CHECK_FOR(steps <= 9, std::to_string(count) + ": " + std::to_string(steps));
  }
}

// Jobs of a step each, more sequences than rows: nobody is left out for long.
GGMA_TEST(turns_go_on_from_job_to_job) {
  LoadedLlama loaded(1, nullptr, uint64_t{1} << 32, 64);
  std::vector<Task> tasks;
  for (size_t i = 0; i < 300; i++) tasks.emplace_back(loaded.model, 3 * (i % 7), 1, 40);
  for (int job = 0; job < 30; job++) {
    std::vector<DecodeRequest> requests;
    for (Task& task : tasks) requests.push_back(task.request(task.count));
    Batch batch(loaded.model, requests);
    batch.run(0, nullptr);
    for (size_t i = 0; i < tasks.size(); i++) tasks[i].take(batch.outcomes[i]);
  }
  size_t min = 40, max = 0;
  for (const Task& task : tasks) {
    min = std::min(min, task.produced);
    max = std::max(max, task.produced);
  }
  CHECK_FOR(max - min <= 1 && min >= 12, std::to_string(min) + " to " + std::to_string(max));
}

// A long prompt does not keep the others waiting: they draw a token in each of its steps.
GGMA_TEST(prompts_are_fed_in_pieces_beside_those_that_draw) {
  LoadedLlama loaded;
  Task drawing(loaded.model, 3, 1, 4), prompt(loaded.model, 6, 400, 1), second(loaded.model, 9, 90, 1);
  size_t jobs = 0;
  while (!prompt.done()) {
    Task* all[] = {&drawing, &prompt, &second};
    std::vector<DecodeRequest> requests;
    std::vector<Task*> in;
    for (Task* task : all) {
      if (task->done()) continue;
      in.push_back(task);
      requests.push_back(task->request(1));
    }
    Batch batch(loaded.model, requests);
    batch.run(0, nullptr);
    for (size_t i = 0; i < in.size(); i++) {
      in[i]->take(batch.outcomes[i]);
      if (in.size() == 3 && in[i] == &drawing) CHECK(batch.outcomes[i].produced == 1);
      if (in[i] != &drawing && !in[i]->done())
        CHECK(batch.outcomes[i].fed >= 16 && batch.outcomes[i].fed <= 128);
    }
    jobs++;
  }
  CHECK(drawing.done() && second.done() && jobs > 4 && jobs < 12);
}

// Tokens are drawn on the driver's thread while the event loop's cancels.
GGMA_TEST(batches_end_for_those_who_cancel) {
  LoadedLlama loaded(2, nullptr, uint64_t{1} << 30, 512);
  for (int round = 0; round < 10; round++) {
    Task a(loaded.model, 3, 4, 400), b(loaded.model, 4, 4, 400);
    int32_t flag = 0;
    std::vector<DecodeRequest> requests{a.request(400), b.request(400)};
    requests[0].cancel = &flag;
    std::vector<DecodeOutcome> outcomes;
    std::thread runs([&] {
      Batch batch(loaded.model, requests);
      batch.run(1e9, nullptr);
      outcomes = std::move(batch.outcomes);
    });
    while (loaded.model.sequence_length(a.sequence) < 4 + round) std::this_thread::yield();
    __atomic_store_n(&flag, 1, __ATOMIC_RELAXED);
    runs.join();
    if (outcomes[0].produced == 400) continue;  // it was faster
    CHECK(outcomes[0].failure && outcomes[0].failure->code == "CANCELLED" && !outcomes[1].failure);
    CHECK(outcomes[1].produced >= outcomes[0].produced && outcomes[1].produced <= outcomes[0].produced + 1);
    CHECK(loaded.model.sequence_length(a.sequence) == static_cast<int32_t>(3 + outcomes[0].produced));
    loaded.model.free_sequence(a.sequence);
  }
  const std::atomic<bool> disposed{true};
  Task a(loaded.model, 3, 4, 5), b(loaded.model, 4, 4, 5);
  Batch batch(loaded.model, {a.request(5), b.request(5)});
  batch.run(1e9, &disposed);
  for (const DecodeOutcome& outcome : batch.outcomes)
    CHECK(outcome.failure && outcome.failure->code == "DISPOSED");
}

}  // namespace
}  // namespace ggma::test
