// block_max and block_exp against plain loops in doubles, odd lengths, the ends of their ranges.
#include <algorithm>

#include "native/harness.h"

namespace ggma::test {
namespace {

const float kInf = std::numeric_limits<float>::infinity();

size_t blocks_of(size_t count) { return (count + kScoreBlock - 1) / kScoreBlock; }

GGMA_TEST(block_max_finds_the_highest_and_what_is_not_finite) {
  for (const KernelTable* kernels : available_kernels()) {
    for (const size_t count : {1, 15, 16, 63, 64, 65, 127, 200, 1000}) {
      Guarded x = Guarded::random(count, count, 30.0f), maxima(blocks_of(count));
      if (count > 3) x[2] = -kInf;
      const auto run = [&] {
        const BlockMaxArgs args{maxima.data(), x.data(), count};
        kernels->block_max(&args, 0, maxima.size() / 2);
        kernels->block_max(&args, maxima.size() / 2, maxima.size());
        CHECK(maxima.intact());
      };
      run();
      for (size_t b = 0; b < maxima.size(); b++) {
        float* end = x.data() + std::min(count, (b + 1) * kScoreBlock);
        CHECK_FOR(maxima[b] == *std::max_element(x.data() + b * kScoreBlock, end), kernels->name);
      }
      for (size_t at = 0; at < count; at += 1 + count / 9) {
        const float before = x[at];
        for (const float bad : {kNaN, kInf}) {
          x[at] = bad;
          run();
          for (size_t b = 0; b < maxima.size(); b++) {
            const bool here = b == at / kScoreBlock;
            CHECK_FOR(here != (maxima[b] < kInf), kernels->name);
          }
        }
        x[at] = before;
      }
      std::fill(x.data(), x.data() + count, -kInf);
      run();
      for (size_t b = 0; b < maxima.size(); b++) CHECK(maxima[b] == -kInf);
    }
  }
}

GGMA_TEST(block_exp_sums_exponentials_and_gives_the_same_bits_everywhere) {
  for (const size_t count : {1, 15, 16, 17, 63, 64, 65, 130, 1000}) {
    for (const float temperature : {0.05f, 0.7f, 1.0f, 3.0f, 1e30f}) {
      Guarded x = Guarded::random(count, count + 7, 20.0f);
      float highest = -kInf;
      if (count > 4) x[count - 2] = -kInf;
      for (size_t i = 0; i < count; i++) highest = std::max(highest, x[i]);
      Guarded expected_terms(count), expected_sums(blocks_of(count));
      for (const KernelTable* kernels : available_kernels()) {
        Guarded terms(count), sums(blocks_of(count)), alone(blocks_of(count));
        BlockExpArgs args{sums.data(), terms.data(), x.data(), count, highest, temperature};
        kernels->block_exp(&args, 0, 1);
        kernels->block_exp(&args, 1, sums.size());
        CHECK(terms.intact() && sums.intact());
        args.terms = nullptr;
        args.sums = alone.data();
        kernels->block_exp(&args, 0, sums.size());
        CHECK(alone.same_bits(sums));
        if (kernels == available_kernels().front()) {
          expected_terms = terms;
          expected_sums = sums;
        }
        CHECK_FOR(terms.same_bits(expected_terms) && sums.same_bits(expected_sums), kernels->name);
      }
      bool good = true;
      for (size_t b = 0; b < blocks_of(count); b++) {
        double sum = 0;
        for (size_t i = b * kScoreBlock; i < std::min(count, (b + 1) * kScoreBlock); i++) {
          // The quotient is a float: that is what the exponential is of.
          const double term = std::exp(double{(x[i] - highest) / temperature});
          good = good && std::abs(expected_terms[i] - term) <= 3e-7 * term + 1.2e-38;
          sum += term;
        }
        good = good && std::abs(expected_sums[b] - sum) <= 1e-6 * sum + 1e-36;
      }
      CHECK_FOR(good, std::to_string(count) + " " + std::to_string(temperature));
    }
  }
}

}  // namespace
}  // namespace ggma::test
