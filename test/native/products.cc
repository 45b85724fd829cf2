// Which steps run as one. That they give the bits of steps by themselves is shown by test/native/model.cc,
// whose Llama has all kinds of them.
#include "core/products.h"

#include "native/tiny_program.h"

namespace ggma::test {
namespace {

std::vector<uint32_t> together(const Program& program) {
  std::vector<uint32_t> out;
  for (size_t i = 0; i < program.steps.size(); i += program.steps[i].together)
    out.push_back(program.steps[i].together);
  return out;
}

GGMA_TEST(products_of_the_same_rows_run_as_one) {
  // Layers: norm, q and k, norm of k, v, attention, o, add, norm, gate and up, silu, mul, down, scale, add;
  // from the second on silu and mul are one step, and part of the two products.
  std::vector<uint32_t> expected = {1};
  for (size_t i = 0; i < 3; i++) {
    expected.insert(expected.end(), {1, 2, 1, 1, 1, 1, 1, 1});
    if (i == 0)
      expected.insert(expected.end(), {2, 1, 1});
    else
      expected.push_back(3);
    expected.insert(expected.end(), {1, 1, 1});
  }
  expected.insert(expected.end(), {1, 1, 1});
  CHECK(together(TinyLlama().decode()) == expected);
}

// x, then products a, b of it, silu(a) · b to `dst`, and a product of that as logits.
struct Gated {
  ProgramWriter w;
  uint32_t x = w.slot(32), y = w.slot(32), a = w.slot(32), b = w.slot(32), dst = w.slot(32),
           last = w.slot(32), logits = w.slot(8);
  Dtype second = Dtype::kF32;
  uint32_t src_of_b = x, dst_of_b = b;
  bool swapped = false;

  std::vector<uint32_t> run() {
    const auto matrix = [&](size_t rows, Dtype dtype) {
      return w.weight(std::vector<uint8_t>(rows * row_bytes(dtype, 32)), dtype, rows, 32);
    };
    const uint32_t table = matrix(8, Dtype::kF32);
    w.step(1, 0, {x, table});
    w.step(1, 0, {y, table});
    w.step(2, 0, {a, x, matrix(32, Dtype::kF32), kNone});
    w.step(2, 0, {dst_of_b, src_of_b, matrix(32, second), kNone});
    if (dst_of_b == b) w.step(4, 0, {dst, swapped ? b : a, swapped ? a : b});
    w.step(10, 0, {last, dst_of_b});
    w.step(2, 1, {logits, last, matrix(8, Dtype::kF32), kNone});
    const std::vector<uint8_t> bytes = w.encode(8, logits);
    return together(decode_program(bytes.data(), bytes.size(), {w.source.size()}));
  }
};

GGMA_TEST(products_that_could_meet_do_not_run_as_one) {
  using Steps = std::vector<uint32_t>;
  CHECK((Gated().run() == Steps{1, 1, 3, 1, 1}));
  Gated swapped;
  swapped.swapped = true;
  CHECK((swapped.run() == Steps{1, 1, 3, 1, 1}));
  Gated in_place;
  in_place.dst = in_place.b;
  CHECK((in_place.run() == Steps{1, 1, 3, 1, 1}));
  Gated other_rows;
  other_rows.src_of_b = other_rows.y;
  CHECK((other_rows.run() == Steps{1, 1, 1, 1, 1, 1, 1}));
  Gated mixed;  // one reads floats, the other int8
  mixed.second = Dtype::kQ8_0;
  CHECK((mixed.run() == Steps{1, 1, 1, 1, 1, 1, 1}));
  Gated halves;  // both read floats
  halves.second = Dtype::kF16;
  CHECK((halves.run() == Steps{1, 1, 3, 1, 1}));
  Gated over_the_rows;
  over_the_rows.dst = over_the_rows.x;
  CHECK((over_the_rows.run() == Steps{1, 1, 2, 1, 1, 1}));
  Gated over_the_first;
  over_the_first.dst_of_b = over_the_first.w.slot_at(over_the_first.w.slots[2 * over_the_first.a] + 16, 32);
  CHECK((over_the_first.run() == Steps{1, 1, 1, 1, 1, 1}));
}

}  // namespace
}  // namespace ggma::test
