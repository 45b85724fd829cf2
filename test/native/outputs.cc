#include "native/tiny_program.h"

namespace ggma::test {
namespace {

// The hidden state is there after a run, with logits and without, and the output matrix makes the logits of
// it.
GGMA_TEST(a_program_gives_its_hidden_state_beside_the_logits) {
  TinyLlama llama;
  const ProgramWriter& w = llama.writer;
  // The last step is the product with the tied embedding: dst src weight bias.
  const uint32_t hidden = w.steps[w.steps.size() - 3];
  const std::vector<uint8_t> bytes =
      w.encode(static_cast<uint32_t>(llama.vocab), llama.logits,
               {static_cast<uint32_t>(Output::kHidden), hidden, static_cast<uint32_t>(llama.hidden)});
  const Program program = decode_program(bytes.data(), bytes.size(), {w.source.size()});
  CHECK(program.output(Output::kHidden)->width == llama.hidden);
  ThreadPool pool(1);
  const Weights weights(program, {w.source.data()}, pool);
  PositionTables tables(program);
  for (const bool sine : {false, true}) {
    const std::vector<float> rows = llama.table(sine, 16);
    tables.set(sine, 0, rows.data(), rows.size());
  }
  Executor executor(program, weights, tables, choose_kernels(nullptr), pool, nullptr, {});
  const auto run = [&](bool with_logits) {
    Sequence sequence(
        std::make_shared<KvMemory>(program.block_bytes(), std::make_shared<MemoryBudget>(uint64_t{1} << 20)));
    sequence.reserve(0, 6);
    std::vector<Row> rows;
    for (int32_t p = 0; p < 6; p++) rows.push_back({p * 7, &sequence, p, p % 2 == 1});
    std::vector<int32_t> ids;
    executor.run(rows.data(), rows.size(), {}, with_logits, ids);
    const float* first = executor.output(Output::kHidden);
    return std::vector<float>(first, first + 3 * llama.hidden);
  };
  const std::vector<float> greedy = run(false), states = run(true);
  CHECK(greedy == states);
  for (size_t r = 0; r < 3; r++) {
    for (size_t o = 0; o < llama.vocab; o++) {
      float sum = 0;  // as the kernel: one chain of fused multiply-adds
      for (size_t k = 0; k < llama.hidden; k++)
        sum = std::fma(states[r * llama.hidden + k], llama.embedding[o * llama.hidden + k], sum);
      CHECK(sum == executor.logits()[r * llama.vocab + o]);
    }
  }
}

}  // namespace
}  // namespace ggma::test
