#include <algorithm>

#include "native/steps.h"

namespace ggma::test {
namespace {

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

}  // namespace
}  // namespace ggma::test
