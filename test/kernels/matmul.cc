#include "native/harness.h"

namespace ggma::test {
namespace {

struct Problem {
  size_t rows, inputs, outputs;
  bool with_bias;
  Guarded src, weight, packed, bias;

  Problem(size_t rows, size_t inputs, size_t outputs, bool with_bias)
      : rows(rows),
        inputs(inputs),
        outputs(outputs),
        with_bias(with_bias),
        src(Guarded::random(rows * inputs, rows * 131 + inputs)),
        weight(Guarded::random(outputs * inputs, outputs * 137 + inputs)),
        packed(round_up(outputs, kLanes) * inputs, 0.0f),
        bias(round_up(outputs, kLanes), 0.0f) {
    for (size_t o = 0; o < outputs; o++) {
      for (size_t k = 0; k < inputs; k++)
        packed[(o / kLanes * inputs + k) * kLanes + o % kLanes] = weight[o * inputs + k];
      bias[o] = static_cast<float>(o % 7) - 3.0f;
    }
  }

  size_t panels() const { return round_up(outputs, kLanes) / kLanes; }

  // Rows first … first + count − 1 only, panels split at `cut`.
  Guarded run(const KernelTable& kernels, size_t first, size_t count, size_t cut) const {
    Guarded dst(count * outputs);
    const MatmulArgs args{dst.data(),    src.data() + first * inputs,
                          packed.data(), with_bias ? bias.data() : nullptr,
                          count,         inputs,
                          outputs};
    kernels.matmul(&args, 0, cut);
    kernels.matmul(&args, cut, panels());
    CHECK(dst.intact());
    return dst;
  }
};

std::string name_of(const Problem& p, const KernelTable& kernels) {
  return std::to_string(p.rows) + "x" + std::to_string(p.inputs) + "x" + std::to_string(p.outputs) + " " +
         kernels.name;
}

void check_against_double(const Problem& p, const Guarded& dst, const std::string& name) {
  bool good = true;
  for (size_t r = 0; r < p.rows; r++) {
    for (size_t o = 0; o < p.outputs; o++) {
      double sum = p.with_bias ? p.bias[o] : 0.0, size = std::abs(sum);
      for (size_t k = 0; k < p.inputs; k++) {
        const double term = double{p.src[r * p.inputs + k]} * p.weight[o * p.inputs + k];
        sum += term;
        size += std::abs(term);
      }
      const double bound = size * static_cast<double>(p.inputs + 2) * 6e-8;
      good = good && std::abs(dst[r * p.outputs + o] - sum) <= bound;
    }
  }
  CHECK_FOR(good, name);
}

GGMA_TEST(matmul_is_right_and_the_same_everywhere) {
  const KernelTable& scalar = choose_kernels("scalar");
  for (const size_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 31, 128}) {
    for (const size_t inputs : {1, 3, 16, 64, 101}) {
      for (const size_t outputs : {1, 7, 16, 17, 64, 100, 200}) {
        const Problem p(rows, inputs, outputs, outputs % 2 == 1);
        const Guarded expected = p.run(scalar, 0, rows, 0);
        check_against_double(p, expected, name_of(p, scalar));
        for (const KernelTable* kernels : available_kernels()) {
          const Guarded whole = p.run(*kernels, 0, rows, 0);
          CHECK_FOR(whole.same_bits(expected), name_of(p, *kernels));
          // However threads cut the panels.
          CHECK_FOR(p.run(*kernels, 0, rows, p.panels() / 3).same_bits(expected), name_of(p, *kernels));
          // One row as among many.
          const size_t row = rows / 2;
          const Guarded one = p.run(*kernels, row, 1, 0);
          CHECK_FOR(std::memcmp(one.data(), expected.data() + row * outputs, outputs * sizeof(float)) == 0,
                    name_of(p, *kernels));
        }
      }
    }
  }
}

}  // namespace
}  // namespace ggma::test
