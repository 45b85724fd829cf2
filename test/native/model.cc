#include <algorithm>

#include "core/batch.h"
#include "native/tiny_program.h"

namespace ggma::test {
namespace {

std::vector<int32_t> random_tokens(uint64_t seed, size_t count) {
  Random random(seed);
  std::vector<int32_t> out(count);
  for (int32_t& token : out) token = static_cast<int32_t>(random.below(53));
  return out;
}

struct Piece {
  int32_t sequence;
  const std::vector<int32_t>* tokens;
  size_t first, count;
};

// One step over pieces; the logits of all their rows, row by row.
std::vector<float> step(Model& model, const std::vector<Piece>& pieces) {
  std::vector<int32_t> rows;
  for (const Piece& piece : pieces)
    for (size_t p = piece.first; p < piece.first + piece.count; p++)
      rows.insert(rows.end(), {(*piece.tokens)[p], piece.sequence, static_cast<int32_t>(p), 1});
  std::vector<float> logits(rows.size() / 4 * model.program().vocab);
  model.step(rows.data(), rows.size() / 4, logits.data(), logits.size(), {});
  return logits;
}

std::vector<float> whole(LoadedLlama& loaded, const std::vector<int32_t>& tokens) {
  return step(loaded.model, {{loaded.model.create_sequence(), &tokens, 0, tokens.size()}});
}

// Feeds token at position, then the most likely one each time. Throws what the request fails with.
size_t decode_greedy(Model& model, int32_t sequence, int32_t token, int32_t position, int32_t* out,
                     size_t count, const std::vector<int32_t>& stops = {}) {
  DecodeRequest request{};
  request.sequence = sequence;
  request.position = position;
  request.feed = &token;
  request.feed_count = 1;
  request.out = out;
  request.count = count;
  request.stop_ids = stops.data();
  request.stop_count = stops.size();
  Batch batch(model, {request});
  batch.run(1e9, nullptr);
  if (batch.outcomes[0].failure) throw *batch.outcomes[0].failure;
  return batch.outcomes[0].produced;
}

bool same(const std::vector<float>& a, const float* b) { return std::memcmp(a.data(), b, a.size() * 4) == 0; }

GGMA_TEST(model_computes_what_a_plain_transformer_does) {
  LoadedLlama loaded;
  const std::vector<int32_t> tokens = random_tokens(1, 150);  // more than a chunk, more than two KV blocks
  const std::vector<float> logits = whole(loaded, tokens);
  const auto expected = loaded.llama.reference(tokens);
  double worst = 0, size = 0;
  for (size_t p = 0; p < tokens.size(); p++) {
    for (size_t i = 0; i < loaded.llama.vocab; i++) {
      worst = std::max(worst, std::abs(logits[p * loaded.llama.vocab + i] - expected[p][i]));
      size = std::max(size, std::abs(expected[p][i]));
    }
  }
  CHECK_FOR(worst / size < 5e-6, std::to_string(worst / size));
}

GGMA_TEST(model_gives_the_same_bits_on_every_instruction_set_and_thread_count) {
  const std::vector<int32_t> tokens = random_tokens(2, 140);
  LoadedLlama scalar(1, "scalar");
  const std::vector<float> expected = whole(scalar, tokens);
  for (const KernelTable* kernels : available_kernels()) {
    for (const size_t threads : {1, 2, 3, 8}) {
      LoadedLlama loaded(threads, kernels->name);
      CHECK_FOR(same(whole(loaded, tokens), expected.data()), kernels->name);
    }
  }
}

// Half-width weights are exact in the product; int8 activations are not: their error is what it is, but the
// same everywhere.
GGMA_TEST(every_dtype_and_cache_computes_the_model_and_gives_the_same_bits) {
  const std::vector<int32_t> tokens = random_tokens(2, 140);
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kQ8_0, Dtype::kQ4_0}) {
    for (const bool half_cache : {false, true}) {
      LoadedLlama scalar(1, "scalar", uint64_t{1} << 30, 512, dtype, half_cache);
      const std::vector<float> expected = whole(scalar, tokens);
      const auto reference = scalar.llama.reference(tokens);
      double error = 0, size = 0;
      for (size_t i = 0; i < expected.size(); i++) {
        const double truth = reference[i / scalar.llama.vocab][i % scalar.llama.vocab];
        error += (expected[i] - truth) * (expected[i] - truth);
        size += truth * truth;
      }
      const double relative = std::sqrt(error / size), bound = is_quantised(dtype) ? 0.05
                                                               : half_cache        ? 2e-3
                                                                                   : 1e-5;
      const std::string name =
          "dtype " + std::to_string(static_cast<int>(dtype)) + (half_cache ? " f16 cache" : "");
      CHECK_FOR(relative < bound, name + " error " + std::to_string(relative));
      for (const KernelTable* kernels : available_kernels()) {
        for (const size_t threads : {1, 3}) {
          LoadedLlama loaded(threads, kernels->name, uint64_t{1} << 30, 512, dtype, half_cache);
          CHECK_FOR(same(whole(loaded, tokens), expected.data()), name + " " + kernels->name);
          // A row at a time: decode's path through every kernel.
          const int32_t id = loaded.model.create_sequence();
          bool alike = true;
          for (size_t p = 0; p < tokens.size(); p++)
            alike = alike &&
                    same(step(loaded.model, {{id, &tokens, p, 1}}), expected.data() + p * loaded.llama.vocab);
          CHECK_FOR(alike, name + " " + kernels->name);
        }
      }
    }
  }
}

// Prompts in random pieces, beside other sequences, rewound in between: a row's logits never change.
GGMA_TEST(model_gives_the_same_bits_however_rows_are_batched) {
  LoadedLlama loaded(2);
  const size_t vocab = loaded.llama.vocab;
  Random random(5);
  std::vector<std::vector<int32_t>> prompts;
  std::vector<std::vector<float>> expected;
  for (size_t i = 0; i < 6; i++) {
    prompts.push_back(random_tokens(10 + i, 40 + random.below(110)));
    expected.push_back(whole(loaded, prompts.back()));
  }
  for (int round = 0; round < 12; round++) {
    std::vector<int32_t> ids(prompts.size());
    std::vector<size_t> at(prompts.size(), 0);
    for (int32_t& id : ids) id = loaded.model.create_sequence();
    for (bool rest = true; rest;) {
      rest = false;
      std::vector<Piece> pieces;
      for (size_t i = 0; i < prompts.size(); i++) {
        if (random.below(8) == 0 && at[i] > 3) at[i] -= 1 + random.below(3);  // rewind
        const size_t left = prompts[i].size() - at[i];
        if (left == 0 || random.below(4) == 0) {
          rest = rest || left > 0;
          continue;
        }
        const size_t count = random.below(2) ? 1 : 1 + random.below(left);
        pieces.push_back({ids[i], &prompts[i], at[i], count});
        rest = true;
      }
      for (size_t i = pieces.size(); i > 1; i--) std::swap(pieces[i - 1], pieces[random.below(i)]);
      const std::vector<float> logits = step(loaded.model, pieces);
      const float* got = logits.data();
      for (const Piece& piece : pieces) {
        const auto which = static_cast<size_t>(piece.tokens - prompts.data());
        CHECK(std::memcmp(got, expected[which].data() + piece.first * vocab, piece.count * vocab * 4) == 0);
        got += piece.count * vocab;
        at[which] = piece.first + piece.count;
      }
    }
    for (const int32_t id : ids) loaded.model.free_sequence(id);
  }
}

GGMA_TEST(greedy_decoding_is_step_by_step_decoding) {
  LoadedLlama loaded;
  const std::vector<int32_t> prompt = random_tokens(3, 9);
  const int32_t a = loaded.model.create_sequence(), b = loaded.model.create_sequence();
  std::vector<int32_t> rows;
  for (size_t p = 0; p < prompt.size(); p++)
    rows.insert(rows.end(), {prompt[p], a, static_cast<int32_t>(p), p == 8});
  const int32_t first = loaded.model.step(rows.data(), 9, nullptr, 0, {})[0];
  for (size_t p = 0; p < prompt.size(); p++) rows[4 * p + 1] = b;
  CHECK(loaded.model.step(rows.data(), 9, nullptr, 0, {})[0] == first);
  std::vector<int32_t> expected;
  int32_t token = first;
  for (int32_t p = 9; p < 80; p++) {
    const int32_t row[] = {token, a, p, 1};
    expected.push_back(token = loaded.model.step(row, 1, nullptr, 0, {})[0]);
  }
  std::vector<int32_t> out(71, -5);
  CHECK(decode_greedy(loaded.model, b, first, 9, out.data(), out.size()) == 71);
  CHECK(out == expected);
  CHECK(loaded.model.sequence_length(b) == 80);
  // A stop id ends it, written as the last; beginning again from before rewinds.
  const int32_t stop = expected[20];
  const auto stop_at =
      static_cast<size_t>(std::find(expected.begin(), expected.end(), stop) - expected.begin());
  std::fill(out.begin(), out.end(), -5);
  CHECK(decode_greedy(loaded.model, b, first, 9, out.data(), out.size(), {stop}) == stop_at + 1);
  CHECK(out[stop_at] == stop && out[stop_at + 1] == -5);
  CHECK(loaded.model.sequence_length(b) == static_cast<int32_t>(10 + stop_at));
  CHECK(decode_greedy(loaded.model, b, first, 9, out.data(), 0) == 0);
}

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
