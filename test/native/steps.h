// Steps and greedy decoding of the tiny model, for tests.
#ifndef GGMA_TEST_NATIVE_STEPS_H
#define GGMA_TEST_NATIVE_STEPS_H

#include "core/batch.h"
#include "native/tiny_program.h"

namespace ggma::test {

inline std::vector<int32_t> random_tokens(uint64_t seed, size_t count) {
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
inline std::vector<float> step(Model& model, const std::vector<Piece>& pieces) {
  std::vector<int32_t> rows;
  for (const Piece& piece : pieces)
    for (size_t p = piece.first; p < piece.first + piece.count; p++)
      rows.insert(rows.end(), {(*piece.tokens)[p], piece.sequence, static_cast<int32_t>(p), 1});
  std::vector<float> logits(rows.size() / 4 * model.program().vocab);
  model.step(rows.data(), rows.size() / 4, logits.data(), logits.size(), {});
  return logits;
}

inline std::vector<float> whole(LoadedLlama& loaded, const std::vector<int32_t>& tokens) {
  return step(loaded.model, {{loaded.model.create_sequence(), &tokens, 0, tokens.size()}});
}

// Feeds token at position, then the most likely one each time. Throws what the request fails with.
inline size_t decode_greedy(Model& model, int32_t sequence, int32_t token, int32_t position, int32_t* out,
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

inline bool same(const std::vector<float>& a, const float* b) {
  return std::memcmp(a.data(), b, a.size() * 4) == 0;
}

}  // namespace ggma::test

#endif
