// A row far from the start, on more threads than kv heads keep busy: attention_split within a model.
#include "native/tiny_program.h"

namespace ggma::test {
namespace {

GGMA_TEST(a_long_context_gives_the_same_bits_on_any_number_of_threads) {
  constexpr size_t kCount = kSplitPositions + 70;
  Random random(3);
  std::vector<int32_t> rows;
  for (size_t p = 0; p < kCount; p++)
    rows.insert(rows.end(), {static_cast<int32_t>(random.below(53)), 0, static_cast<int32_t>(p), 0});
  std::vector<float> first;
  for (const size_t threads : {1, 3}) {
    LoadedLlama loaded(threads, nullptr, uint64_t{1} << 30, kCount, Dtype::kBf16);
    CHECK(loaded.llama.head_dim >= kLanes && loaded.llama.kv_heads % 3 != 0);
    const int32_t sequence = loaded.model.create_sequence();
    for (size_t p = 0; p < kCount; p++) rows[4 * p + 1] = sequence;
    const size_t prompt = kSplitPositions - 10;
    loaded.model.step(rows.data(), prompt, nullptr, 0, {});
    const uint64_t before = loaded.model.memory().arena_bytes;
    std::vector<float> logits((kCount - prompt) * loaded.llama.vocab);
    for (size_t p = prompt; p < kCount; p++) {
      rows[4 * p + 3] = 1;
      loaded.model.step(rows.data() + 4 * p, 1, logits.data() + (p - prompt) * loaded.llama.vocab,
                        loaded.llama.vocab, {});
      rows[4 * p + 3] = 0;
    }
    // The scores of every head and position are memory too, where they are shared out.
    const uint64_t grown = loaded.model.memory().arena_bytes - before;
    CHECK(threads == 1 ? grown == 0 : grown >= kCount * loaded.llama.heads * sizeof(float));
    if (threads == 1) first = logits;
    CHECK(logits.size() == first.size() && std::memcmp(logits.data(), first.data(), first.size() * 4) == 0);
  }
}

}  // namespace
}  // namespace ggma::test
