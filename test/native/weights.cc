#include "core/weights.h"

#include "core/pack.h"
#include "native/tiny_program.h"

namespace ggma::test {
namespace {

GGMA_TEST(every_half_widens_exactly) {
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    const uint8_t bytes[] = {static_cast<uint8_t>(bits), static_cast<uint8_t>(bits >> 8)};
    float got;
    widen(Dtype::kF16, bytes, 0, 1, &got);
    const int exponent = bits >> 10 & 31, mantissa = bits & 0x3ff;
    const double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 31) {
      CHECK(mantissa ? std::isnan(got) : std::isinf(got) && std::signbit(got) == (sign < 0));
    } else {
      const double expected =
          exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
      CHECK(got == sign * expected && std::signbit(got) == (sign < 0));
    }
  }
}

GGMA_TEST(other_dtypes_widen_exactly) {
  const uint8_t bf16[] = {0x80, 0x3f, 0x00, 0xc0, 0x01, 0x00};
  float out[64];
  widen(Dtype::kBf16, bf16, 0, 3, out);
  CHECK(out[0] == 1.0f && out[1] == -2.0f && out[2] == std::ldexp(1.0f, -133));
  uint8_t q8[68] = {0x00, 0x38}, q4[36] = {0x00, 0xb8};  // scales 0.5 and −0.5, then blocks with scale 2
  q8[35] = 0x40, q4[19] = 0x40;
  for (int i = 0; i < 32; i++)
    q8[2 + i] = static_cast<uint8_t>(i * 8 - 128), q8[36 + i] = static_cast<uint8_t>(i);
  for (int i = 0; i < 16; i++) q4[2 + i] = static_cast<uint8_t>(i | (15 - i) << 4), q4[20 + i] = 0x98;
  widen(Dtype::kQ8_0, q8, 0, 64, out);
  for (int i = 0; i < 32; i++)
    CHECK(out[i] == 0.5f * static_cast<float>(i * 8 - 128) && out[32 + i] == 2.0f * static_cast<float>(i));
  widen(Dtype::kQ4_0, q4, 0, 64, out);
  for (int i = 0; i < 16; i++) {
    CHECK(out[i] == -0.5f * static_cast<float>(i - 8) && out[16 + i] == -0.5f * static_cast<float>(7 - i));
    CHECK(out[32 + i] == 0.0f && out[48 + i] == 2.0f);
  }
  float tail[32];
  widen(Dtype::kQ4_0, q4, 32, 32, tail);
  CHECK(std::memcmp(tail, out + 32, sizeof tail) == 0);
}

// Whatever its record says: a vector that is packed already is floats.
GGMA_TEST(packed_vectors_are_taken_as_they_are) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBf16}) {
    ProgramWriter w;
    std::vector<float> norm(16, 0.0f);
    for (size_t i = 0; i < 10; i++) norm[i] = 0.1f + static_cast<float>(i);
    const uint32_t x = w.slot(10), y = w.slot(10), last = w.slot(10), logits = w.slot(16);
    const uint32_t vector = w.weight(norm, 1, 10), matrix = w.weight(std::vector<float>(160, 0.3f), 16, 10);
    w.weights[10 * vector] = static_cast<uint32_t>(dtype);
    w.weights[10 * vector + 8] = kPackedForm;
    w.step(1, 0, {x, matrix});
    w.step(3, 0, {y, x, vector, bits_of(1e-5f), 1});
    w.step(10, 0, {last, y});
    w.step(2, 1, {logits, last, matrix, kNone});
    const std::vector<uint8_t> bytes = w.encode(16, logits);
    const Program program = decode_program(bytes.data(), bytes.size(), {w.source.size()});
    ThreadPool pool(1);
    const Weights weights(program, {w.source.data()}, pool);
    CHECK(weights.data()[vector].dtype == Dtype::kF32 && weights.sizes()[vector] == 64);
    CHECK(std::memcmp(weights.data()[vector].data, norm.data(), 64) == 0);
  }
}

GGMA_TEST(weights_take_their_part_of_a_budget_and_give_it_back) {
  const TinyLlama llama;
  const Program program = llama.decode();
  ThreadPool pool(1);
  const std::vector<Source> sources = {llama.writer.source.data()};
  const uint64_t bytes = Weights(program, sources, pool).bytes();
  const auto budget = std::make_shared<MemoryBudget>(bytes + 10);
  const auto code = [&] { return failure_of([&] { Weights(program, sources, pool, budget); }); };
  for (int i = 0; i < 3; i++) CHECK(code() == "");
  {
    const Weights held(program, sources, pool, budget);
    CHECK(code() == "OUT_OF_MEMORY");
    CHECK(failure_of([&] { budget->take(11, "more"); }) == "OUT_OF_MEMORY");
    budget->take(10, "the rest");
    budget->give(10);
  }
  CHECK(code() == "");
  budget->take(11, "a cache");
  CHECK(code() == "OUT_OF_MEMORY");
}

}  // namespace
}  // namespace ggma::test
