#include "native/tiny_program.h"

namespace ggma::test {
namespace {

std::string decode_failure(const std::vector<uint8_t>& bytes, std::vector<uint64_t> sources) {
  return failure_of([&] { decode_program(bytes.data(), bytes.size(), sources); });
}

GGMA_TEST(decoder_refuses_every_truncation) {
  const TinyLlama llama;
  const std::vector<uint8_t> whole = llama.encode();
  const uint64_t source = llama.writer.source.size();
  CHECK(decode_failure(whole, {source}) == "");
  for (size_t length = 0; length < whole.size(); length++) {
    // In memory of exactly that size, so that reading beyond shows under the address sanitizer.
    std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(decode_failure(cut, {source}) == "PROGRAM_INVALID");
    if (length >= 12) {
      const auto claimed = static_cast<uint32_t>(length);  // also when the length word agrees
      std::memcpy(cut.data() + 8, &claimed, 4);
      CHECK(decode_failure(cut, {source}) == "PROGRAM_INVALID");
    }
  }
  CHECK(decode_failure(whole, {source - 1}) == "PROGRAM_INVALID");
  CHECK(decode_failure(whole, {}) == "PROGRAM_INVALID");
  CHECK(decode_failure(whole, {source, source}) == "PROGRAM_INVALID");
}

// A damaged program is refused or runs within bounds; what it computes does not matter.
GGMA_TEST(decoder_survives_random_damage) {
  const TinyLlama llama;
  const std::vector<uint8_t> whole = llama.encode();
  ThreadPool pool(1);
  Random random(11);
  size_t valid = 0, refused = 0;
  for (int round = 0; round < 20000; round++) {
    std::vector<uint8_t> damaged = whole;
    for (size_t flips = 1 + random.below(3); flips > 0; flips--) {
      const size_t at = random.below(damaged.size());
      switch (random.below(3)) {
        case 0:
          damaged[at] ^= static_cast<uint8_t>(1u << random.below(8));
          break;
        case 1:
          damaged[at] = static_cast<uint8_t>(random.next());
          break;
        default: {  // a word that some other place holds, or an extreme
          const uint32_t extremes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 64, 65536};
          uint32_t word = extremes[random.below(7)];
          if (random.below(2)) std::memcpy(&word, whole.data() + random.below(whole.size() / 4) * 4, 4);
          std::memcpy(damaged.data() + at / 4 * 4, &word, 4);
        }
      }
    }
    try {
      Program program = decode_program(damaged.data(), damaged.size(), {llama.writer.source.size()});
      valid++;
      if (valid % 8 != 0 || program.arena_width > 1 << 16 || program.block_elements > 1 << 20) continue;
      Model model(std::move(program), {llama.writer.source.data()}, *available_kernels().front(), pool,
                  std::make_shared<MemoryBudget>(uint64_t{1} << 28));
      const std::vector<uint32_t> widths = model.program().table_widths;
      for (uint32_t t = 0; t < widths.size(); t++) {
        const std::vector<float> rows(size_t{widths[t]} * 3, 0.5f);
        model.tables().set(t, 0, rows.data(), rows.size());
      }
      const int32_t id = model.create_sequence();
      const int32_t rows[] = {1, id, 0, 1, 2, id, 1, 0, 0, id, 2, 1};
      const std::string failure = failure_of([&] { model.step(rows, 3, nullptr, 0, {}); });
      CHECK_FOR(failure == "" || failure == "NUMERIC" || failure == "STEP_INVALID", failure);
    } catch (const Failure& failure) {
      refused++;
      CHECK_FOR(failure.code == "PROGRAM_INVALID", failure.code);
    }
  }
  CHECK(valid > 100 && refused > 10000);
}

// One fault at a time, each with the place it is reported at.
GGMA_TEST(decoder_names_what_is_wrong) {
  const auto path_of_bytes = [](const ProgramWriter& w, const std::vector<uint8_t>& bytes) -> std::string {
    try {
      decode_program(bytes.data(), bytes.size(), {w.source.size()});
    } catch (const Failure& failure) {
      return failure.path;
    }
    return "";
  };
  const auto path_of = [&](const ProgramWriter& w, uint32_t vocab, uint32_t logits,
                           std::vector<uint32_t> outputs = {}) {
    return path_of_bytes(w, w.encode(vocab, logits, std::move(outputs)));
  };
  const std::vector<float> ones(64, 1.0f);
  struct Base : ProgramWriter {
    uint32_t embedding, x, y, last, logits;
    explicit Base(const std::vector<float>& ones) {
      embedding = weight(ones, 16, 4);
      x = slot(4);
      y = slot(4);
      last = slot(4);
      logits = slot(16);
      step(1, 0, {x, embedding});
    }
    void finish() {
      step(10, 0, {last, x});
      step(2, 1, {logits, last, embedding, kNone});
    }
  };
  const auto with = [&](auto change) {
    Base w(ones);
    change(w);
    w.finish();
    return path_of(w, 16, w.logits);
  };
  CHECK(with([](Base&) {}) == "");
  CHECK(with([](Base& w) { w.step(5, 0, {w.y, w.x, w.last}); }) ==
        "steps[1] ADD");                                                          // last is not written yet
  CHECK(with([](Base& w) { w.step(5, 1, {w.y, w.x, w.x}); }) == "steps[1] ADD");  // x holds all rows
  CHECK(with([](Base& w) { w.step(5, 0, {w.logits, w.x, w.x}); }) == "steps[1] ADD");  // widths differ
  CHECK(with([](Base& w) { w.step(5, 0, {99, w.x, w.x}); }) == "steps[1] ADD");
  CHECK(with([](Base& w) { w.step(77, 0, {}); }) == "steps[1]");
  CHECK(with([](Base& w) { w.step(5, 2, {w.y, w.x, w.x}); }) == "steps[1]");
  CHECK(with([](Base& w) { w.step(8, 0, {w.slot_at(2, 4), w.x}); }) ==
        "steps[1] SILU");  // half over its source
  CHECK(with([](Base& w) { w.step(8, 0, {w.slot_at(2, 4), w.y}); }) == "steps[1] SILU");
  // y lies over x and is written in between: SELECT would read the wrong values.
  CHECK(with([](Base& w) { w.step(1, 0, {w.slot_at(0, 4), w.embedding}); }) == "steps[2] SELECT");
  CHECK(with([](Base& w) { w.step(3, 0, {w.y, w.x, kNone, bits_of(kNaN), 1}); }) == "steps[1] RMS_NORM");
  CHECK(with([](Base& w) { w.step(3, 0, {w.y, w.x, kNone, 0, 3}); }) == "steps[1] RMS_NORM");
  CHECK(with([](Base& w) { w.step(3, 0, {w.y, w.x, w.embedding, 0, 1}); }) == "steps[1] RMS_NORM");
  CHECK(with([](Base& w) { w.step(2, 0, {w.x, w.x, w.embedding, kNone}); }) == "steps[1] MATMUL");
  CHECK(with([](Base& w) { w.slot_at(w.arena_width, 0); }) == "slots[4]");
  CHECK(with([](Base& w) { w.weights[6] = 17; }) == "weights[0]");
  CHECK(with([](Base& w) { w.weights[2] = 4; }) == "weights[0]");
  CHECK(with([](Base& w) { w.weights[1] = 1; }) == "weights[0]");
  CHECK(with([](Base& w) { w.weights[0] = 5; }) == "weights[0]");
  // Packed, the matrix takes one panel, which are as many bytes as its 16 rows.
  CHECK(with([](Base& w) { w.weights[8] = kPackedForm; }) == "");
  CHECK(with([](Base& w) { w.weights[8] = kPackedForm + 1; }) == "weights[0]");
  CHECK(with([](Base& w) { w.weights[8] = kPackedForm, w.weights[4] = 192; }) == "weights[0]");
  CHECK(with([](Base& w) { w.weights[8] = kPackedForm, w.weights[4] = 320; }) == "weights[0]");
  CHECK(with([](Base& w) { w.weights[8] = kPackedForm, w.weights[2] = 32, w.source.resize(1024); }) ==
        "weights[0]");
  CHECK(with([](Base& w) { w.cache(1, 257); }) == "caches[0]");
  CHECK(with([](Base& w) { w.tables.push_back(0); }) == "tables[0]");
  const auto attention = [](Base& w, uint32_t cos, uint32_t sin, uint32_t heads) {
    w.step(9, 0, {w.y, w.x, w.x, w.x, 0, heads, 1, 4, bits_of(1), 0, cos, sin});
  };
  CHECK(with([&](Base& w) { w.cache(1, 4), attention(w, kNone, kNone, 1); }) == "");
  CHECK(with([&](Base& w) { attention(w, kNone, kNone, 1); }) == "steps[1] ATTENTION");
  CHECK(with([&](Base& w) { w.cache(1, 4), attention(w, 0, kNone, 1); }) == "steps[1] ATTENTION");
  CHECK(with([&](Base& w) { w.cache(1, 4), w.table(3), attention(w, 0, 0, 1); }) == "steps[1] ATTENTION");
  CHECK(with([&](Base& w) { w.cache(1, 4), attention(w, kNone, kNone, 2); }) == "steps[1] ATTENTION");
  CHECK(with([&](Base& w) { w.cache(1, 4), attention(w, kNone, kNone, 1), attention(w, kNone, kNone, 1); }) ==
        "steps[2] ATTENTION");
  {
    Base w(ones);
    w.finish();
    CHECK(path_of(w, 17, w.logits) == "outputs[0] logits");
    CHECK(path_of(w, 4, w.x) == "outputs[0] logits");  // holds all rows, not the wanted ones
    CHECK(path_of(w, 0, w.logits) == "outputs[0] logits");
    const auto with_output = [&](uint32_t what, uint32_t slot, uint32_t width) {
      return path_of(w, 16, w.logits, {what, slot, width});
    };
    const auto hidden = static_cast<uint32_t>(Output::kHidden);
    CHECK(with_output(hidden, w.last, 4) == "");
    CHECK(with_output(hidden, w.last, 3) == "outputs[1] hidden");
    CHECK(with_output(hidden, w.x, 4) == "outputs[1] hidden");
    CHECK(with_output(hidden, 99, 4) == "outputs[1] hidden");
    CHECK(with_output(static_cast<uint32_t>(Output::kLogits), w.logits, 16) == "outputs[1] logits");
    CHECK(with_output(kOutputs, w.last, 4) == "outputs[1]");
    std::vector<uint8_t> none = w.encode(16, w.logits);
    const uint32_t count = 0;
    std::memcpy(none.data() + 4 * header::kOutputs, &count, 4);
    CHECK(path_of_bytes(w, none) == "outputs");
  }
}

}  // namespace
}  // namespace ggma::test
