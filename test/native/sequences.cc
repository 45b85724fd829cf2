#include <algorithm>

#include "native/steps.h"

namespace ggma::test {
namespace {

GGMA_TEST(refused_steps_change_nothing) {
  LoadedLlama loaded(1, nullptr, uint64_t{1} << 30, 20);
  Model& model = loaded.model;
  const int32_t id = model.create_sequence();
  const int32_t good[] = {1, id, 0, 0, 2, id, 1, 1};
  const int32_t best = model.step(good, 2, nullptr, 0, {})[0];
  const uint64_t kv = model.memory().kv_bytes;
  const auto failure = [&](std::vector<int32_t> rows, size_t logits = 0) {
    std::vector<float> out(std::max<size_t>(1, logits));
    return failure_of(
        [&] { model.step(rows.data(), rows.size() / 4, logits ? out.data() : nullptr, logits, {}); });
  };
  CHECK(failure({53, id, 2, 1}) == "STEP_INVALID");
  CHECK(failure({-1, id, 2, 1}) == "STEP_INVALID");
  CHECK(failure({1, id, 3, 1}) == "STEP_INVALID");
  CHECK(failure({1, id, -1, 1}) == "STEP_INVALID");
  CHECK(failure({1, id, 2, 1, 1, id, 4, 1}) == "STEP_INVALID");
  CHECK(failure({1, id, 2, 1, 1, id, 2, 1}) == "STEP_INVALID");
  CHECK(failure({1, id, 2, 1}, 52) == "STEP_INVALID");
  CHECK(failure({1, id + 1, 0, 1}) == "SEQUENCE_UNKNOWN");
  std::vector<int32_t> far;
  for (int32_t p = 2; p < 21; p++) far.insert(far.end(), {1, id, p, 1});
  CHECK(failure(far) == "TABLE_MISSING");
  const int32_t other = model.create_sequence();
  CHECK(failure({1, id, 2, 1, 1, other, 0, 1, 1, id, 3, 1}) == "STEP_INVALID");
  int32_t out[30];
  CHECK(failure_of([&] { decode_greedy(model, id, 1, 2, out, 30); }) == "TABLE_MISSING");
  CHECK(failure_of([&] { decode_greedy(model, id, 1, 5, out, 3); }) == "STEP_INVALID");
  CHECK(failure_of([&] { decode_greedy(model, id, 99, 2, out, 3); }) == "STEP_INVALID");
  CHECK(model.sequence_length(id) == 2 && model.memory().kv_bytes == kv);
  CHECK(model.step(good, 2, nullptr, 0, {})[0] == best);
  CHECK(failure({}) == "");
  const float row = 0;
  CHECK(failure_of([&] { model.tables().set(0, 21, &row, 6); }) == "TABLE_INVALID");
  CHECK(failure_of([&] { model.tables().set(0, 0, &row, 1); }) == "TABLE_INVALID");
  CHECK(failure_of([&] { model.tables().set(2, 0, &row, 0); }) == "TABLE_INVALID");
  CHECK(model.tables().length(0) == 20);
}

GGMA_TEST(kv_memory_follows_the_sequences_and_keeps_to_the_budget) {
  const size_t block = LoadedLlama().model.program().block_bytes();
  LoadedLlama loaded(1, nullptr, 3 * block);
  Model& model = loaded.model;
  const std::vector<int32_t> tokens = random_tokens(4, 200);
  const int32_t a = model.create_sequence(), b = model.create_sequence();
  CHECK(model.memory().kv_bytes == 0);
  step(model, {{a, &tokens, 0, 64}});
  CHECK(model.memory().kv_bytes == block);
  step(model, {{a, &tokens, 64, 1}, {b, &tokens, 0, 1}});
  CHECK(model.memory().kv_bytes == 3 * block);
  // b would get its second block before a's third is refused: it goes back.
  const auto growing = [&] { step(model, {{b, &tokens, 1, 64}, {a, &tokens, 65, 100}}); };
  CHECK(failure_of(growing) == "OUT_OF_MEMORY");
  CHECK(model.memory().kv_bytes == 3 * block && model.sequence_length(a) == 65 &&
        model.sequence_length(b) == 1);
  int32_t out[100];
  CHECK(failure_of([&] { decode_greedy(model, b, 1, 1, out, 64); }) == "OUT_OF_MEMORY");
  step(model, {{a, &tokens, 10, 1}});  // rewound: the second block goes
  CHECK(model.memory().kv_bytes == 2 * block && model.sequence_length(a) == 11);
  step(model, {{b, &tokens, 1, 64}});
  CHECK(model.memory().kv_bytes == 3 * block);
  model.free_sequence(b);
  CHECK(model.memory().kv_bytes == block);
  CHECK(failure_of([&] { model.free_sequence(b); }) == "SEQUENCE_UNKNOWN");
  CHECK(failure_of([&] { step(model, {{b, &tokens, 0, 1}}); }) == "SEQUENCE_UNKNOWN");
  model.free_sequence(a);
  CHECK(model.memory().kv_bytes == 0);
}

// Random forks, rewinds and continuations: every row has the logits of its tokens run alone.
GGMA_TEST(sequences_that_share_a_beginning_do_not_touch_each_other) {
  LoadedLlama loaded(2);
  Model& model = loaded.model;
  const size_t vocab = loaded.llama.vocab;
  Random random(21);
  struct Branch {
    int32_t id;
    std::vector<int32_t> tokens;
  };
  std::vector<Branch> branches{{model.create_sequence(), random_tokens(7, 170)}};
  step(model, {{branches[0].id, &branches[0].tokens, 0, 170}});
  for (int round = 0; round < 40; round++) {
    const Branch& from = branches[random.below(branches.size())];
    const auto kept = static_cast<int32_t>(random.below(from.tokens.size() + 1));
    Branch made{model.fork_sequence(from.id, kept), from.tokens};
    CHECK(model.sequence_length(made.id) == kept);
    made.tokens.resize(static_cast<size_t>(kept));
    branches.push_back(made);
    // Some go on, from their end or from before it.
    for (Branch& branch : branches) {
      if (random.below(3) != 0) continue;
      if (random.below(4) == 0) branch.tokens.resize(random.below(branch.tokens.size() + 1));
      const size_t first = branch.tokens.size();
      if (first > 300) continue;
      for (const int32_t token : random_tokens(random.next(), 1 + random.below(70)))
        branch.tokens.push_back(token);
      const std::vector<float> got =
          step(model, {{branch.id, &branch.tokens, first, branch.tokens.size() - first}});
      CHECK(same(got, whole(loaded, branch.tokens).data() + first * vocab));
    }
    if (random.below(3) == 0) {
      const size_t gone = random.below(branches.size());
      model.free_sequence(branches[gone].id);
      branches.erase(branches.begin() + static_cast<std::ptrdiff_t>(gone));
      if (branches.empty()) branches.push_back({model.create_sequence(), {}});
    }
  }
}

GGMA_TEST(a_shared_beginning_takes_its_memory_once) {
  const size_t block = LoadedLlama().model.program().block_bytes();
  LoadedLlama loaded(1, nullptr, 4 * block);
  Model& model = loaded.model;
  const std::vector<int32_t> tokens = random_tokens(8, 200);
  const int32_t a = model.create_sequence();
  step(model, {{a, &tokens, 0, 150}});
  CHECK(model.memory().kv_bytes == 3 * block);
  const int32_t b = model.fork_sequence(a, 150), c = model.fork_sequence(a, 128);
  CHECK(model.memory().kv_bytes == 3 * block);
  step(model, {{b, &tokens, 150, 10}});  // its own copy of the third block
  CHECK(model.memory().kv_bytes == 4 * block);
  CHECK(failure_of([&] { step(model, {{c, &tokens, 128, 1}}); }) == "OUT_OF_MEMORY");
  CHECK(model.sequence_length(c) == 128);
  model.free_sequence(a);  // the first two blocks stay with b and c
  CHECK(model.memory().kv_bytes == 3 * block);
  step(model, {{c, &tokens, 128, 1}});
  CHECK(model.memory().kv_bytes == 4 * block);
  CHECK(failure_of([&] { model.fork_sequence(c, 130); }) == "STEP_INVALID");
  CHECK(failure_of([&] { model.fork_sequence(c, -1); }) == "STEP_INVALID");
  CHECK(failure_of([&] { model.fork_sequence(a, 1); }) == "SEQUENCE_UNKNOWN");
  model.free_sequence(b);
  model.free_sequence(c);
  CHECK(model.memory().kv_bytes == 0);
}

GGMA_TEST(cancelled_and_numeric_jobs_leave_what_stood_before) {
  LoadedLlama loaded;
  Model& model = loaded.model;
  const std::vector<int32_t> tokens = random_tokens(6, 30);
  const std::vector<float> expected = whole(loaded, tokens);
  const size_t vocab = loaded.llama.vocab;
  const int32_t id = model.create_sequence();
  step(model, {{id, &tokens, 0, 10}});
  const int32_t flag = 1;
  const int32_t row[] = {tokens[10], id, 10, 1};
  CHECK(failure_of([&] { model.step(row, 1, nullptr, 0, Cancel{nullptr, &flag}); }) == "CANCELLED");
  const std::atomic<bool> disposed{true};
  CHECK(failure_of([&] { model.step(row, 1, nullptr, 0, Cancel{&disposed}); }) == "DISPOSED");
  CHECK(model.sequence_length(id) == 10);
  // NaN in the position tables makes rows from 12 on NaN; the rows before and other sequences stay right.
  const std::vector<float> good = loaded.llama.table(false, 512);
  const std::vector<float> bad(6, kNaN);
  model.tables().set(0, 12, bad.data(), bad.size());
  const int32_t other = model.create_sequence();
  CHECK(failure_of([&] { step(model, {{other, &tokens, 0, 5}, {id, &tokens, 10, 5}}); }) == "NUMERIC");
  CHECK(model.sequence_length(id) == 10 && model.sequence_length(other) == 0);
  CHECK(same(step(model, {{other, &tokens, 0, 12}}), expected.data()));
  CHECK(same(step(model, {{id, &tokens, 10, 2}}), expected.data() + 10 * vocab));
  int32_t out[3];
  CHECK(failure_of([&] { decode_greedy(model, id, 1, 11, out, 3); }) == "NUMERIC");
  CHECK(model.sequence_length(id) == 12);
  // In one step, a row that is asked for before the first NaN is not touched by the rows behind it.
  std::vector<int32_t> rows;
  for (int32_t p = 0; p < 14; p++) rows.insert(rows.end(), {tokens[static_cast<size_t>(p)], id, p, p == 11});
  std::vector<float> logits(vocab);
  model.step(rows.data(), 14, logits.data(), vocab, {});
  CHECK(same(logits, expected.data() + 11 * vocab));
  model.tables().set(0, 12, good.data() + 12 * 6, 6);
  CHECK(
      same(step(model, {{id, &tokens, 12, 18}}), expected.data() + 12 * vocab));  // stale NaN is written over
}

}  // namespace
}  // namespace ggma::test
