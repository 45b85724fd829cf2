#include <algorithm>

#include "core/batch.h"
#include "native/tiny_program.h"

namespace ggma::test {
namespace {

using Phase = Profiler::Phase;

std::vector<int32_t> greedy(Model& model, const std::vector<int32_t>& prompt, size_t count) {
  std::vector<int32_t> out(count);
  DecodeRequest request{};
  request.sequence = model.create_sequence();
  request.feed = prompt.data();
  request.feed_count = prompt.size();
  request.out = out.data();
  request.count = count;
  Batch batch(model, {request});
  batch.run(1e9, nullptr);
  CHECK(!batch.outcomes[0].failure && batch.outcomes[0].produced == count);
  return out;
}

std::vector<int32_t> prompt_of(size_t count) {
  std::vector<int32_t> prompt(count);
  for (size_t i = 0; i < count; i++) prompt[i] = static_cast<int32_t>(i * 7 % 53);
  return prompt;
}

GGMA_TEST(a_profile_changes_no_token_and_counts_every_step) {
  const size_t positions = 512;
  LoadedLlama plain(2, nullptr, uint64_t{1} << 30, positions),
      profiled(2, nullptr, uint64_t{1} << 30, positions, Dtype::kF32, false, true);
  CHECK(plain.model.profiler() == nullptr);
  const std::vector<int32_t> prompt = prompt_of(150);  // two chunks: 128 and 22
  CHECK(greedy(plain.model, prompt, 20) == greedy(profiled.model, prompt, 20));

  const Profiler& profiler = *profiled.model.profiler();
  const Program& program = profiled.model.program();
  const size_t steps = program.steps.size();
  CHECK(profiler.names().size() == steps + 2 && steps > 30);
  CHECK(profiler.passes(Phase::kPrefill).calls == 2 && profiler.passes(Phase::kPrefill).rows == 150);
  CHECK(profiler.passes(Phase::kDecode).calls == 19 && profiler.passes(Phase::kDecode).rows == 19);
  uint64_t events = 0;
  for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
    const bool prefill = phase == Phase::kPrefill;
    uint64_t nanoseconds = 0;
    for (size_t i = 0; i < steps; i++) {
      const Profiler::Total& total = profiler.total(phase, i);
      // Only the last chunk of a prompt wants logits.
      const bool wanted = program.steps[i].wanted;
      CHECK_FOR(total.calls == (prefill ? (wanted ? 1 : 2) : 19), profiler.names()[i]);
      CHECK_FOR(total.rows == (prefill ? (wanted ? 1 : 150) : 19), profiler.names()[i]);
      CHECK(total.nanoseconds > 0 && total.weight_bytes + total.activation_bytes > 0);
      nanoseconds += total.nanoseconds;
      events += total.calls;
    }
    const Profiler::Total& argmax = profiler.total(phase, steps);
    CHECK(argmax.calls == (prefill ? 1 : 19) && profiler.names()[steps] == "ARGMAX");
    CHECK(profiler.total(phase, steps + 1).calls == 0);  // the most likely token is not drawn
    events += argmax.calls;
    CHECK(nanoseconds + argmax.nanoseconds <= profiler.passes(phase).nanoseconds);
  }
  CHECK(profiler.events().size() == events && profiler.dropped() == 0);
  uint64_t end = 0;
  for (const Profiler::Event& event : profiler.events()) {
    CHECK(event.start >= end);
    end = event.start + event.nanoseconds;
  }
}

// By hand, from what program.h says that a step does.
GGMA_TEST(a_profile_counts_bytes_and_operations) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kQ8_0}) {
    LoadedLlama loaded(1, nullptr, uint64_t{1} << 30, 512, dtype, true, true);
    greedy(loaded.model, prompt_of(30), 1);
    const Profiler& profiler = *loaded.model.profiler();
    const Program& program = loaded.model.program();
    size_t attentions = 0, products = 0;
    for (size_t i = 0; i < program.steps.size(); i++) {
      const std::string& name = profiler.names()[i];
      const uint32_t* w = program.steps[i].operands;
      const Profiler::Total& total = profiler.total(Phase::kPrefill, i);
      const uint64_t rows = total.rows;
      if (name.rfind("MATMUL", 0) == 0) {
        products++;
        CHECK(name == (dtype == Dtype::kF32 ? "MATMUL f32" : "MATMUL q8_0"));
        const WeightRecord& weight = program.weights[w[2]];
        const uint64_t bias = w[3] == kNone ? 0 : 1;
        CHECK(total.operations == rows * weight.rows * (2 * weight.cols + bias));
        CHECK(total.activation_bytes == rows * weight.cols * 4);
        // At least what the file holds, and less than one panel more: it is packed in panels of 16 rows.
        const uint64_t held = row_bytes(dtype, weight.cols) * weight.rows;
        CHECK(total.weight_bytes >= held);
        CHECK(total.weight_bytes <= row_bytes(dtype, weight.cols) * (weight.rows + 16) +
                                        64 * (weight.rows + 16) + bias * weight.rows * 4);
      } else if (name == "ATTENTION") {
        attentions++;
        const uint64_t heads = w[5], kv_heads = w[6], head_dim = w[7], window = w[9];
        uint64_t scores = 0, keys = 0;
        for (uint64_t p = 0; p < 30; p++) scores += window == 0 ? p + 1 : std::min(window, p + 1);
        // Tiles of 16 rows: positions 0 … 15 and 16 … 29.
        keys = 16 + (window == 0 ? 30 : 14 + window - 1);
        CHECK(total.operations ==
              scores * heads * (4 * head_dim + 4) + 30 * head_dim * (3 * (heads + kv_heads) + 2 * heads));
        CHECK(total.activation_bytes ==
              30 * 4 * head_dim * (heads + 2 * kv_heads + 2) + keys * 2 * kv_heads * head_dim * 2);
        CHECK(total.weight_bytes == 0);
      }
    }
    CHECK(attentions == 3 && products > 20);
  }
}

GGMA_TEST(a_profile_keeps_a_bounded_number_of_events_and_all_totals) {
  const TinyLlama llama;
  const Program program = llama.decode();
  ThreadPool pool(1);
  const Weights weights(program, {llama.writer.source.data()}, pool);
  Profiler profiler(program, weights);
  const size_t each = 1000, passes = Profiler::kMaxEvents / each + 7;
  for (size_t p = 0; p < passes; p++) {
    profiler.begin_pass(Phase::kDecode, 1);
    for (size_t i = 0; i < each; i++) profiler.sample(53);
    profiler.end_pass();
  }
  CHECK(profiler.events().size() == Profiler::kMaxEvents);
  CHECK(profiler.dropped() == 7 * each);
  CHECK(profiler.total(Phase::kDecode, program.steps.size() + 1).calls == passes * each);
  CHECK(profiler.passes(Phase::kDecode).calls == passes);
}

}  // namespace
}  // namespace ggma::test
