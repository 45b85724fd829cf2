// Greedy tokens without logits, screened and not, are the argmax of the logits.
#include <algorithm>

#include "core/batch.h"
#include "native/constraint.h"
#include "native/tiny_program.h"

namespace ggma::test {
namespace {

constexpr size_t kHidden = 96, kTokens = 24;

// Logits = output matrix · row of the token.
struct OutputOnly {
  size_t vocab;
  std::vector<float> rows, matrix;  // [tokens, hidden], [vocab, hidden]
  Dtype dtype = Dtype::kF32;
  int32_t parity = -1;  // that a constraint allows; −1: no constraint

  explicit OutputOnly(size_t vocab, uint64_t seed = 1) : vocab(vocab) {
    Random random(seed);
    for (size_t i = 0; i < kTokens * kHidden; i++) rows.push_back(random.unit());
    for (size_t i = 0; i < vocab * kHidden; i++) matrix.push_back(random.unit());
  }
  float* output(size_t id) { return matrix.data() + id * kHidden; }

  // The token of each row from a batch of `at_once` sequences at a time, or the code of what failed.
  struct Result {
    std::vector<int32_t> greedy, argmax;
    std::string failure;
    uint64_t screened, weight_bytes;
  };
  Result run(const KernelTable& kernels, size_t threads, bool screened, size_t at_once) const {
    ProgramWriter w;
    const uint32_t x = w.slot(kHidden), last = w.slot(kHidden), logits = w.slot(vocab);
    w.step(1, 0, {x, w.weight(rows, kTokens, kHidden)});
    w.step(10, 0, {last, x});
    std::vector<uint8_t> bytes;
    for (const float value : matrix) {
      const uint32_t bits = bits_of(value);
      for (int i = dtype == Dtype::kF32 ? 0 : 16; i < 32; i += 8)
        bytes.push_back(static_cast<uint8_t>(bits >> i));
    }
    w.step(2, 1, {logits, last, w.weight(bytes, dtype, vocab, kHidden), kNone});
    const std::vector<uint8_t> code = w.encode(static_cast<uint32_t>(vocab), logits);
    Program program = decode_program(code.data(), code.size(), {w.source.size()});
    program.screened = screened;
    ThreadPool pool(threads);
    Model model(std::move(program), {w.source.data()}, kernels, pool,
                std::make_shared<MemoryBudget>(uint64_t{1} << 20));
    Result result{};
    for (size_t at = 0; at < kTokens; at += at_once) {
      const size_t count = std::min(at_once, kTokens - at);
      std::vector<int32_t> feed(count), out(count), step;
      std::vector<DecodeRequest> requests(count);
      std::vector<Parity> constraints(count, Parity(vocab, parity));
      for (size_t i = 0; i < count; i++) {
        feed[i] = static_cast<int32_t>(at + i);
        requests[i].sequence = model.create_sequence();
        requests[i].feed = &feed[i];
        requests[i].feed_count = 1;
        requests[i].out = &out[i];
        requests[i].count = 1;
        requests[i].constraint = parity < 0 || i % 3 == 2 ? nullptr : &constraints[i];
        step.insert(step.end(), {feed[i], model.create_sequence(), 0, 1});
      }
      Batch batch(model, requests);
      batch.run(0, nullptr);
      for (const DecodeOutcome& outcome : batch.outcomes)
        if (outcome.failure) result.failure = outcome.failure->code;
      result.greedy.insert(result.greedy.end(), out.begin(), out.end());
      std::vector<float> all(count * vocab);
      if (!result.failure.empty()) break;
      model.step(step.data(), count, all.data(), all.size(), {});
      for (size_t i = 0; i < count; i++) {
        const auto row = all.begin() + static_cast<std::ptrdiff_t>(i * vocab);
        if (requests[i].constraint)
          for (size_t id = 0; id < vocab; id++)
            if (!requests[i].constraint->allows(static_cast<int32_t>(id)))
              row[static_cast<std::ptrdiff_t>(id)] = -std::numeric_limits<float>::infinity();
        result.argmax.push_back(
            static_cast<int32_t>(std::max_element(row, row + static_cast<std::ptrdiff_t>(vocab)) - row));
      }
    }
    result.screened = model.screened();
    result.weight_bytes = model.memory().weight_bytes;
    return result;
  }

  // Everywhere the tokens of the logits; returns how many the screen found.
  uint64_t check(const char* what) const {
    uint64_t found = 0;
    for (const KernelTable* kernels : available_kernels()) {
      for (const size_t threads : {1, 3}) {
        for (const size_t at_once : {1, 5, 24}) {
          for (const bool screened : {false, true}) {
            const Result result = run(*kernels, threads, screened, at_once);
            CHECK_FOR(
                result.failure.empty() && result.greedy.size() == kTokens && result.greedy == result.argmax,
                std::string(what) + " " + kernels->name + " " + result.failure);
            CHECK(screened || result.screened == 0);
            found += result.screened;
          }
        }
      }
    }
    return found;
  }
};

GGMA_TEST(greedy_tokens_are_the_argmax_of_the_logits) {
  for (const size_t vocab : {1, 63, 64, 65, 1000, 4111}) {
    for (const Dtype dtype : {Dtype::kF32, Dtype::kBf16}) {
      OutputOnly model(vocab, vocab);
      model.dtype = dtype;
      const uint64_t found = model.check("random");
      if (vocab == 4111) CHECK_FOR(found > 0, std::to_string(found));  // the screen does something
    }
  }
}

// The logits that the step left out come afterwards, and only the constrained rows are chosen again.
GGMA_TEST(greedy_takes_the_best_allowed_token) {
  for (const size_t vocab : {65, 4111}) {
    for (const int32_t parity : {0, 1}) {
      OutputOnly model(vocab, vocab + 3);
      model.parity = parity;
      // Of equal logits the first allowed one.
      std::copy_n(model.output(20), kHidden, model.output(41));
      std::copy_n(model.output(20), kHidden, model.output(42));
      const uint64_t found = model.check("constrained");
      if (vocab == 4111) CHECK(found > 0);
    }
  }
}

GGMA_TEST(greedy_takes_the_first_of_equal_logits) {
  OutputOnly model(3000);
  // Token t's best output is 2500 − 64 t, thrice: as it is, and an ulp above and below it.
  for (size_t t = 0; t < kTokens; t++) {
    const size_t best = 2500 - 64 * t;
    for (size_t i = 0; i < kHidden; i++) {
      const float value = model.rows[t * kHidden + i] * 1.5f;
      model.output(best)[i] = model.output(best + 40)[i] = model.output(best + 41)[i] = value;
    }
    model.output(best + 40)[t] = std::nextafter(model.output(best)[t], 2.0f);
    model.output(best + 41)[t + 1] = std::nextafter(model.output(best)[t + 1], 0.0f);
  }
  CHECK(model.check("near ties") > 0);
  // The same row everywhere: nothing to screen away.
  OutputOnly flat(3000);
  for (size_t id = 1; id < flat.vocab; id++) std::copy_n(flat.output(0), kHidden, flat.output(id));
  CHECK(flat.check("flat") == 0);
}

// Outputs in blocks apart whose logits differ by less than an int8 score can tell: a bound that is too small
// loses the highest.
GGMA_TEST(greedy_finds_the_highest_of_many_that_int8_cannot_tell_apart) {
  constexpr size_t kAlike = 20;
  OutputOnly model(kTokens * kAlike * 40);
  Random random(9);
  for (size_t t = 0; t < kTokens; t++) {
    const float* x = model.rows.data() + t * kHidden;
    double size = 0;
    for (size_t i = 0; i < kHidden; i++) size += double{x[i]} * x[i];
    for (size_t j = 0; j < kAlike; j++) {
      float noise[kHidden];
      double along = 0;
      for (size_t i = 0; i < kHidden; i++) along += double{noise[i] = random.unit()} * x[i];
      const double factor = 1.5 + 1e-4 * random.unit() - along / size;
      float* out = model.output((t * kAlike + j) * 40 + t);
      for (size_t i = 0; i < kHidden; i++) out[i] = static_cast<float>(factor * x[i]) + noise[i];
    }
  }
  CHECK(model.check("alike") > 0);
}

GGMA_TEST(greedy_bears_weights_of_all_sizes) {
  OutputOnly model(2000);
  for (size_t id = 0; id < model.vocab; id++) {
    // Blocks far apart in size within a row, rows of zeros, rows below what a half's scale can say.
    for (size_t i = 0; i < kHidden; i++) {
      const float size = id % 7 == 0 ? 0 : id % 7 == 1 ? 1e-9f : id % 7 == 2 ? 1e-30f : 1;
      model.output(id)[i] *= size * (i % 96 < 32 ? 100.0f : i % 96 < 64 ? 1e-4f : 1.0f);
    }
  }
  CHECK(model.check("all sizes") > 0);
  for (float& x : model.rows) x *= 1e-38f;
  model.check("tiny rows");
}

GGMA_TEST(greedy_finds_what_is_not_finite) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f}) {
    for (const bool in_matrix : {false, true}) {
      OutputOnly model(2000);
      for (size_t i = 0; i < 40; i++) (in_matrix ? model.output(1777) : model.rows.data() + kHidden)[i] = bad;
      for (const KernelTable* kernels : available_kernels())
        for (const bool screened : {false, true})
          CHECK_FOR(model.run(*kernels, 1, screened, 5).failure == "NUMERIC", kernels->name);
    }
  }
}

}  // namespace
}  // namespace ggma::test
