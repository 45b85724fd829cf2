// screen against plain loops, odd widths; nothing beside its memory matters.
#include <algorithm>

#include "native/harness.h"

namespace ggma::test {
namespace {

GGMA_TEST(screen_gives_bounds_that_hold) {
  constexpr size_t kRows = 3;
  for (const size_t width : {1, 15, 16, 17, 63, 64, 65, 130, 1024}) {
    const size_t blocks = (width + kScreenBlock - 1) / kScreenBlock, step = blocks + 2;
    Guarded scores = Guarded::random(kRows * width, width, 9.0f), error = Guarded::random(width, 5, 0.1f),
            norm = Guarded::random(width, 6, 2.0f), factors(2 * kRows);
    for (size_t i = 0; i < width; i++) error[i] = std::abs(error[i]), norm[i] = std::abs(norm[i]);
    for (size_t i = 0; i < 2 * kRows; i++) factors[i] = 0.25f * static_cast<float>(i + 1);
    Guarded first_upper(kRows * step), first_lower(kRows);
    for (const KernelTable* kernels : available_kernels()) {
      Guarded upper(kRows * step), lower(kRows);
      for (size_t i = 0; i < kRows * step; i++) upper[i] = -7.0f;
      for (size_t r = 0; r < kRows; r++) lower[r] = r == 1 ? 1e9f : -std::numeric_limits<float>::infinity();
      const ScreenArgs args{upper.data(),  lower.data(),
                            scores.data(), error.data(),
                            norm.data(),   reinterpret_cast<const ScreenFactors*>(factors.data()),
                            width,         step};
      kernels->screen(&args, 1, kRows);
      kernels->screen(&args, 0, 1);
      CHECK(upper.intact() && lower.intact());
      bool good = true;
      for (size_t r = 0; r < kRows; r++) {
        double low = -1e30;
        for (size_t b = 0; b < blocks; b++) {
          double high = -1e30;
          for (size_t i = b * kScreenBlock; i < std::min(width, (b + 1) * kScreenBlock); i++) {
            const double s = scores[r * width + i],
                         bound = double{error[i]} * factors[2 * r] + double{norm[i]} * factors[2 * r + 1];
            high = std::max(high, s + bound);
            low = std::max(low, s - bound);
          }
          good = good && std::abs(upper[r * step + b] - high) < 1e-5;
        }
        good = good && upper[r * step + blocks] == -7.0f &&
               (r == 1 ? lower[r] == 1e9f : std::abs(lower[r] - low) < 1e-5);
      }
      CHECK_FOR(good, std::string(kernels->name) + " " + std::to_string(width));
      if (kernels == available_kernels().front()) first_upper = upper, first_lower = lower;
      CHECK_FOR(upper.same_bits(first_upper) && lower.same_bits(first_lower), kernels->name);
    }
  }
}

}  // namespace
}  // namespace ggma::test
