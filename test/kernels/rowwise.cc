// Norm, elementwise kernels, select, argmax.
#include "native/harness.h"

namespace ggma::test {
namespace {

double silu(double x) { return x / (1.0 + std::exp(-x)); }

bool near(float got, double expected, double relative) {
  return std::abs(got - expected) <= relative * std::abs(expected) + 1e-37;
}

GGMA_TEST(rms_norm_is_right_and_the_same_everywhere) {
  for (const size_t group : {1, 2, 4, 6, 15, 16, 17, 31, 64, 100, 288}) {
    for (const size_t groups : {1, 3}) {
      for (const int weights : {0, 1, 2}) {  // none, one per element of a group, one per element of the row
        const size_t width = group * groups, rows = 3;
        const Guarded src = Guarded::random(rows * width, width);
        const Guarded weight = Guarded::random(weights == 1 ? group : width, 7);
        Guarded expected(rows * width);
        for (const KernelTable* kernels : available_kernels()) {
          Guarded dst(rows * width);
          const RmsNormArgs args{dst.data(), src.data(), weights == 0 ? nullptr : weight.data(),
                                 width,      group,      weights == 2 ? group : 0,
                                 1e-5f};
          kernels->rms_norm(&args, 0, 2);
          kernels->rms_norm(&args, 2, 3);
          CHECK(dst.intact());
          Guarded in_place = src;
          const RmsNormArgs same{in_place.data(), in_place.data(),  args.weight, width,
                                 group,           args.weight_step, 1e-5f};
          kernels->rms_norm(&same, 0, rows);
          CHECK(in_place.same_bits(dst));
          if (kernels == available_kernels().front()) expected = dst;
          CHECK_FOR(dst.same_bits(expected), kernels->name);
        }
        bool good = true;
        for (size_t at = 0; at < rows * width; at += group) {
          double sum = 0;
          for (size_t i = 0; i < group; i++) sum += double{src[at + i]} * src[at + i];
          const double scale = 1.0 / std::sqrt(sum / static_cast<double>(group) + 1e-5f);
          for (size_t i = 0; i < group; i++) {
            const double w = weights == 0 ? 1.0 : weight[weights == 1 ? i : (at + i) % width];
            good = good && near(expected[at + i], src[at + i] * scale * w, 2e-6);
          }
        }
        CHECK(good);
      }
    }
  }
}

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double gelu_tanh(double x) {
  const double u = std::sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1.0 + std::tanh(u));
}

struct Case {
  Kernel<ElementwiseArgs> KernelTable::* kernel;
  double (*expected)(double a, double b, double factor);
};
const Case kCases[] = {
    {&KernelTable::add, [](double a, double b, double) { return a + b; }},
    {&KernelTable::mul, [](double a, double b, double) { return a * b; }},
    {&KernelTable::scale, [](double a, double, double factor) { return a * factor; }},
    {&KernelTable::silu, [](double a, double, double) { return silu(a); }},
    {&KernelTable::silu_mul, [](double a, double b, double) { return silu(a) * b; }},
};

GGMA_TEST(elementwise_kernels_are_right_and_the_same_everywhere) {
  for (const Case& c : kCases) {
    for (const size_t width : {1, 5, 8, 15, 16, 17, 33, 64, 1000}) {
      const size_t rows = 3;
      const Guarded a = Guarded::random(rows * width, width, 20.0f),
                    b = Guarded::random(rows * width, width + 1);
      Guarded expected(rows * width);
      for (const KernelTable* kernels : available_kernels()) {
        Guarded dst(rows * width);
        const ElementwiseArgs args{dst.data(), a.data(), b.data(), width, 0.375f};
        (kernels->*c.kernel)(&args, 0, 1);
        (kernels->*c.kernel)(&args, 1, 3);
        CHECK(dst.intact());
        Guarded in_place = a;
        const ElementwiseArgs same{in_place.data(), in_place.data(), b.data(), width, 0.375f};
        (kernels->*c.kernel)(&same, 0, rows);
        CHECK(in_place.same_bits(dst));
        if (kernels == available_kernels().front()) expected = dst;
        CHECK_FOR(dst.same_bits(expected), kernels->name);
      }
      bool good = true;
      for (size_t i = 0; i < rows * width; i++)
        good = good && near(expected[i], c.expected(a[i], b[i], 0.375), 1e-6);
      CHECK(good);
    }
  }
}

GGMA_TEST(silu_holds_at_the_ends) {
  const float inf = std::numeric_limits<float>::infinity();
  const float ends[] = {0.0f,   -0.0f, 1e-30f, -87.0f, -87.34f, -88.0f, -100.0f,
                        -1e30f, 88.0f, 89.0f,  1e30f,  inf,     kNaN};
  for (const KernelTable* kernels : available_kernels()) {
    for (const float x : ends) {
      Guarded a(1, x), dst(1);
      const ElementwiseArgs args{dst.data(), a.data(), a.data(), 1, 0.0f};
      kernels->silu(&args, 0, 1);
      const std::string detail = std::to_string(x) + " " + kernels->name;
      if (std::isnan(x)) {
        CHECK_FOR(std::isnan(dst[0]), detail);
      } else if (x > 0) {
        CHECK_FOR(std::isinf(x) ? std::isinf(dst[0]) : near(dst[0], silu(x), 1e-6), detail);
      } else {
        // e^−x saturates, so a huge −x is not quite 0: nothing beside the input.
        CHECK_FOR(dst[0] <= 0.0f && std::abs(dst[0] - silu(x)) <= 5e-39 * std::abs(x) + 1e-36, detail);
      }
    }
  }
}

// Where Φ is small its relative error grows with the exponent's, so the tails are held to an absolute error.
GGMA_TEST(gelu_is_right_and_the_same_everywhere) {
  const struct {
    Kernel<ElementwiseArgs> KernelTable::* kernel;
    double (*expected)(double);
  } cases[] = {{&KernelTable::gelu, gelu}, {&KernelTable::gelu_tanh, gelu_tanh}};
  const float inf = std::numeric_limits<float>::infinity();
  for (const auto& c : cases) {
    const size_t width = 1003;
    Guarded a = Guarded::random(width, 3, 6.0f);
    const float ends[] = {0.0f, -0.0f, 1e-30f, -1e-30f, 13.0f, -13.0f, 1000.0f, -1000.0f};
    for (size_t i = 0; i < 8; i++) a[i] = ends[i];
    Guarded expected(width);
    for (const KernelTable* kernels : available_kernels()) {
      Guarded dst(width);
      const ElementwiseArgs args{dst.data(), a.data(), a.data(), width, 0.0f};
      (kernels->*c.kernel)(&args, 0, 1);
      CHECK(dst.intact());
      if (kernels == available_kernels().front()) expected = dst;
      CHECK_FOR(dst.same_bits(expected), kernels->name);
      for (const float x : {kNaN, inf}) {
        Guarded in(1, x), out(1);
        const ElementwiseArgs one{out.data(), in.data(), in.data(), 1, 0.0f};
        (kernels->*c.kernel)(&one, 0, 1);
        CHECK_FOR(std::isnan(x) ? std::isnan(out[0]) : std::isinf(out[0]), kernels->name);
      }
    }
    double worst = 0;
    for (size_t i = 0; i < width; i++) {
      const double right = c.expected(a[i]);
      worst = std::max(worst, std::abs(expected[i] - right) / std::max(1.0, std::abs(right)));
    }
    CHECK_FOR(worst < 4e-7, std::to_string(worst));
  }
}

GGMA_TEST(select_brings_the_wanted_rows_together) {
  const size_t width = 11;
  const Guarded src = Guarded::random(6 * width, 5);
  const uint32_t wanted[] = {1, 4, 5};
  for (const KernelTable* kernels : available_kernels()) {
    Guarded dst(3 * width);
    const SelectArgs args{dst.data(), src.data(), wanted, width};
    kernels->select(&args, 0, 3);
    CHECK(dst.intact());
    for (size_t r = 0; r < 3; r++)
      CHECK(std::memcmp(dst.data() + r * width, src.data() + wanted[r] * width, width * sizeof(float)) == 0);
  }
}

GGMA_TEST(argmax_takes_the_first_maximum_and_refuses_what_is_not_finite) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const KernelTable* kernels : available_kernels()) {
    for (const size_t width : {1, 2, 15, 16, 17, 50, 1000}) {
      for (size_t at = 0; at < width; at += 1 + width / 13) {
        Guarded x = Guarded::random(width, at);
        const auto argmax = [&] {
          int32_t id = -2;
          const ArgmaxArgs args{&id, x.data(), width};
          kernels->argmax(&args, 0, 1);
          return id;
        };
        x[at] = 5.0f;
        CHECK(argmax() == static_cast<int32_t>(at));
        x[width - 1] = 5.0f;  // a tie behind it
        CHECK(argmax() == static_cast<int32_t>(at));
        for (const float bad : {kNaN, inf, -inf}) {
          x[at] = bad;
          CHECK(argmax() == -1);
        }
      }
    }
  }
}

}  // namespace
}  // namespace ggma::test
