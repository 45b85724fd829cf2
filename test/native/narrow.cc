// f32 weights in 16 bits: only where nothing is lost, found out about every element, with the same logits.
#include "core/narrow.h"

#include <algorithm>

#include "core/pack.h"
#include "native/tiny_program.h"

namespace ggma::test {
namespace {

std::vector<uint8_t> bytes_of(const std::vector<float>& floats) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(floats.data());
  return {bytes, bytes + floats.size() * sizeof(float)};
}

float widened(Dtype dtype, uint16_t half) {
  float out;
  widen(dtype, reinterpret_cast<const uint8_t*>(&half), 0, 1, &out);
  return out;
}

// `value` as the halves of `dtype` have it, rounded to zero.
float truncated(Dtype dtype, float value) {
  const float unit = std::ldexp(1.0f, std::ilogb(value) - (dtype == Dtype::kBf16 ? 7 : 10));
  return std::trunc(value / unit) * unit;
}

GGMA_TEST(every_half_narrows_to_itself) {
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kF16}) {
    size_t exact = 0;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
      const auto half = static_cast<uint16_t>(bits);
      const float value = widened(dtype, half);
      uint16_t got = 0;
      const bool fits = narrow(dtype, reinterpret_cast<const uint8_t*>(&value), 1, &got);
      CHECK(fits ? got == half : dtype == Dtype::kF16 && !std::isfinite(value));
      exact += fits;
    }
    CHECK(exact == (dtype == Dtype::kBf16 ? 0x10000 : 0x10000 - 2 * 1024));
  }
}

GGMA_TEST(what_lies_between_two_halves_does_not_narrow) {
  Random random(7);
  const float edges[] = {65504.0f, 65536.0f,  -65536.0f, 1e38f,    0x1p-24f, 0x1p-25f, 0x1.8p-24f,
                         0x1p-14f, 0x1p-149f, -0x1p-15f, 0x1p-16f, 1.0f,     3e-5f};
  std::vector<float> values(std::begin(edges), std::end(edges));
  for (int i = 0; i < 20000; i++)
    values.push_back(std::ldexp(random.unit(), static_cast<int>(random.below(60)) - 40));
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kF16}) {
    size_t lost = 0;
    for (const float base : values) {
      for (const float value : {base, std::nextafter(base, 1e30f), std::nextafter(base, 0.0f)}) {
        uint16_t half = 0;
        if (narrow(dtype, reinterpret_cast<const uint8_t*>(&value), 1, &half)) {
          CHECK(bits_of(widened(dtype, half)) == bits_of(value));
          continue;
        }
        lost++;
        // No half is this value: the nearest ones towards zero and beyond are others.
        const float below = truncated(dtype, value);
        const bool in_range =
            dtype == Dtype::kBf16 || (std::abs(value) <= 65504 && std::abs(value) >= 0x1p-14f);
        CHECK(!in_range || value == 0 || std::abs(value) < 0x1p-126f || below != value);
      }
    }
    CHECK(lost > 30000);
  }
}

GGMA_TEST(one_element_that_is_not_exact_is_found_anywhere) {
  for (const size_t count : {1, 7, 1023, 1024, 1025, 3000}) {
    std::vector<uint16_t> out(count);
    for (const size_t at : {size_t{0}, count / 2, count - 1}) {
      std::vector<float> floats(count, 0.25f);
      CHECK(narrow(Dtype::kF16, bytes_of(floats).data(), count, out.data()));
      CHECK(std::all_of(out.begin(), out.end(), [](uint16_t half) { return half == 0x3400; }));
      floats[at] = 0.1f;
      for (const Dtype dtype : {Dtype::kBf16, Dtype::kF16})
        CHECK(!narrow(dtype, bytes_of(floats).data(), count, out.data()));
    }
  }
}

// A table that is gathered and one that is multiplied with, both [rows, cols] of `data`.
struct Two {
  ProgramWriter w;
  size_t rows, cols;
  explicit Two(const std::vector<float>& data, size_t cols) : rows(data.size() / cols), cols(cols) {
    const uint32_t x = w.slot(cols), logits = w.slot(rows);
    w.step(1, 0, {x, w.weight(data, rows, cols)});
    const uint32_t last = w.slot(cols);
    w.step(10, 0, {last, x});
    w.step(2, 1, {logits, last, w.weight(data, rows, cols), kNone});
    logits_ = logits;
  }
  Program decode(bool narrowed) const {
    const std::vector<uint8_t> bytes = w.encode(static_cast<uint32_t>(rows), logits_);
    Program program = decode_program(bytes.data(), bytes.size(), {w.source.size()});
    program.narrowed = narrowed;
    return program;
  }

 private:
  uint32_t logits_;
};

// Of `dtype`, and exact in no smaller one.
std::vector<float> exact_in(Dtype dtype, size_t count) {
  Random random(static_cast<uint64_t>(dtype) + 3);
  std::vector<float> out(count);
  for (float& x : out) {
    x = random.unit();
    if (dtype != Dtype::kF32) x = truncated(dtype, x);
  }
  return out;
}

GGMA_TEST(matrices_are_packed_in_the_dtype_that_holds_all_of_them) {
  constexpr size_t kRows = 700, kCols = 129;  // more than a thread reads at a time
  ThreadPool pool(2);
  struct Case {
    std::vector<float> data;
    Dtype dtype;
  };
  std::vector<Case> cases;
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBf16, Dtype::kF16})
    cases.push_back({exact_in(dtype, kRows * kCols), dtype});
  // A single element where nobody looks first: of f16 among bf16 that f16 holds, too, and of f32.
  std::vector<float> few(kRows * kCols);
  for (size_t i = 0; i < few.size(); i++) few[i] = static_cast<float>(i % 5);
  cases.push_back({few, Dtype::kBf16});
  few[300 * kCols + 5] = 1.0f + 0x1p-10f;
  cases.push_back({few, Dtype::kF16});
  few[301 * kCols + 6] = 0.1f;
  cases.push_back({few, Dtype::kF32});
  for (const Case& c : cases) {
    const Two two(c.data, kCols);
    for (const bool narrowed : {true, false}) {
      const Dtype dtype = narrowed ? c.dtype : Dtype::kF32;
      const Program program = two.decode(narrowed);
      const Weights weights(program, {two.w.source.data()}, pool);
      std::vector<uint8_t> rows = bytes_of(c.data);
      if (dtype != Dtype::kF32) {
        std::vector<uint16_t> halves(c.data.size());
        CHECK(narrow(dtype, rows.data(), halves.size(), halves.data()));
        const auto* bytes = reinterpret_cast<const uint8_t*>(halves.data());
        rows.assign(bytes, bytes + 2 * halves.size());
      }
      const size_t panels = round_up(kRows, kLanes) / kLanes;
      std::vector<uint8_t> packed(panels * panel_bytes(dtype, kCols));
      const PackArgs args{packed.data(), rows.data(), kRows, kCols, dtype};
      pack_panels(&args, 0, panels);
      for (const size_t i : {0, 1}) CHECK(weights.data()[i].dtype == dtype);
      CHECK(weights.sizes()[0] == round_up(rows.size(), 64) && weights.sizes()[1] == packed.size());
      CHECK(weights.bytes() == weights.sizes()[0] + weights.sizes()[1]);
      CHECK(std::memcmp(weights.data()[0].data, rows.data(), rows.size()) == 0);
      CHECK(std::memcmp(weights.data()[1].data, packed.data(), packed.size()) == 0);
    }
  }
}

GGMA_TEST(narrowed_matrices_give_the_same_bits) {
  constexpr size_t kRows = 150, kCols = 96;
  const std::shared_ptr<MemoryBudget> budget = std::make_shared<MemoryBudget>(uint64_t{1} << 20);
  ThreadPool pool(2);
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kF16}) {
    const Two two(exact_in(dtype, kRows * kCols), kCols);
    for (const KernelTable* kernels : available_kernels()) {
      for (const size_t count : {1, 2, 5, 40}) {
        std::vector<float> logits[2];
        for (const bool narrowed : {false, true}) {
          Model model(two.decode(narrowed), {two.w.source.data()}, *kernels, pool, budget);
          const int32_t sequence = model.create_sequence();
          std::vector<int32_t> rows;
          for (size_t i = 0; i < count; i++) {
            const auto position = static_cast<int32_t>(i);
            rows.insert(rows.end(), {position * 7 % 150, sequence, position, 1});
          }
          std::vector<float>& out = logits[narrowed];
          out.resize(count * kRows);
          model.step(rows.data(), count, out.data(), out.size(), Cancel{});
          CHECK(model.memory().weight_bytes < (narrowed ? kRows * kCols * 5 : kRows * kCols * 9));
        }
        CHECK_FOR(std::memcmp(logits[0].data(), logits[1].data(), logits[0].size() * sizeof(float)) == 0,
                  kernels->name);
      }
    }
  }
}

}  // namespace
}  // namespace ggma::test
