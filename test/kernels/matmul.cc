#include <algorithm>

#include "core/pack.h"
#include "native/harness.h"

namespace ggma::test {
namespace {

constexpr Dtype kAllDtypes[] = {Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kQ8_0, Dtype::kQ4_0};
const char* const kNames[] = {"f32", "f16", "bf16", "q8_0", "q4_0"};

// Weights as a file has them: every bit pattern of the quants, scales and halves of moderate size.
std::vector<uint8_t> random_rows(Dtype dtype, size_t rows, size_t cols, uint64_t seed) {
  std::vector<uint8_t> out(rows * row_bytes(dtype, cols));
  Random random(seed);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random.next());
  const size_t element = dtype == Dtype::kF32    ? 4
                         : dtype == Dtype::kQ8_0 ? 34
                         : dtype == Dtype::kQ4_0 ? 18
                                                 : 2;
  for (size_t at = 0; at < out.size(); at += element) {
    if (dtype == Dtype::kF32) {
      const float value = random.unit();
      std::memcpy(&out[at], &value, 4);
    } else {
      // Exponents well below infinity: bf16 2^-16 … 2^0, f16 2^-8 … 2^0.
      uint8_t& high = out[at + 1];
      high =
          static_cast<uint8_t>((high & 0x80) | (dtype == Dtype::kBf16 ? 0x37 + high % 8 : 0x1c + high % 32));
    }
  }
  return out;
}

struct Problem {
  size_t rows, inputs, outputs;
  bool with_bias;
  Dtype dtype;
  Guarded src, bias;
  std::vector<uint8_t> source;
  std::vector<double> weight;  // [outputs, inputs]
  Guarded packed;

  Problem(Dtype dtype, size_t rows, size_t inputs, size_t outputs, bool with_bias)
      : rows(rows),
        inputs(inputs),
        outputs(outputs),
        with_bias(with_bias),
        dtype(dtype),
        src(Guarded::random(rows * inputs, rows * 131 + inputs)),
        bias(round_up(outputs, kLanes), 0.0f),
        source(random_rows(dtype, outputs, inputs, outputs * 137 + inputs)),
        packed(panels() * panel_bytes(dtype, inputs) / sizeof(float)) {
    for (size_t o = 0; o < outputs; o++) {
      std::vector<float> row(inputs);
      widen(dtype, source.data() + o * row_bytes(dtype, inputs), 0, inputs, row.data());
      weight.insert(weight.end(), row.begin(), row.end());
      bias[o] = static_cast<float>(o % 7) - 3.0f;
    }
    const PackArgs pack{reinterpret_cast<uint8_t*>(packed.data()), source.data(), outputs, inputs, dtype};
    pack_panels(&pack, 0, panels() / 2);
    pack_panels(&pack, panels() / 2, panels());
    CHECK(packed.intact());
  }

  size_t panels() const { return round_up(outputs, kLanes) / kLanes; }
  std::string name(const KernelTable& kernels) const {
    return std::string(kNames[static_cast<size_t>(dtype)]) + " " + std::to_string(rows) + "x" +
           std::to_string(inputs) + "x" + std::to_string(outputs) + " " + kernels.name;
  }

  Guarded quantised(const KernelTable& kernels) const {
    Guarded blocks(rows * inputs / kQuantBlock * sizeof(QuantBlock) / sizeof(float));
    const QuantizeArgs args{reinterpret_cast<QuantBlock*>(blocks.data()), src.data(), inputs};
    kernels.quantize(&args, 0, rows / 2);
    kernels.quantize(&args, rows / 2, rows);
    CHECK(blocks.intact());
    return blocks;
  }

  // Rows first … first + count − 1 only, panels split at `cut`.
  Guarded run(const KernelTable& kernels, size_t first, size_t count, size_t cut) const {
    Guarded dst(count * outputs);
    const Kernel<MatmulArgs> all[] = {kernels.matmul_f32, kernels.matmul_f16, kernels.matmul_bf16,
                                      kernels.matmul_q8_0, kernels.matmul_q4_0};
    const auto kernel = all[static_cast<size_t>(dtype)];
    const Guarded blocks = is_quantised(dtype) ? quantised(kernels) : Guarded(0);
    const float* from = is_quantised(dtype) ? blocks.data() + first * (inputs / kQuantBlock) *
                                                                  sizeof(QuantBlock) / sizeof(float)
                                            : src.data() + first * inputs;
    const MatmulArgs args{dst.data(), from,   packed.data(), with_bias ? bias.data() : nullptr,
                          count,      inputs, outputs};
    kernel(&args, 0, cut);
    kernel(&args, cut, panels());
    CHECK(dst.intact());
    return dst;
  }

  // The activation as the product sees it: exact, or on its block's grid of 255 values.
  double activation(const QuantBlock* blocks, size_t r, size_t k) const {
    if (!blocks) return src[r * inputs + k];
    const QuantBlock& block = blocks[(r * inputs + k) / kQuantBlock];
    return double{block.scale} * block.q[k % kQuantBlock];
  }

  void check_against_double(const Guarded& dst, const KernelTable& kernels) const {
    const Guarded quants = is_quantised(dtype) ? quantised(kernels) : Guarded(0);
    const auto* blocks = is_quantised(dtype) ? reinterpret_cast<const QuantBlock*>(quants.data()) : nullptr;
    bool good = true;
    for (size_t r = 0; r < rows; r++) {
      for (size_t o = 0; o < outputs; o++) {
        double sum = with_bias ? bias[o] : 0.0, size = std::abs(sum);
        for (size_t k = 0; k < inputs; k++) {
          const double term = activation(blocks, r, k) * weight[o * inputs + k];
          sum += term;
          size += std::abs(term);
        }
        const double bound = size * static_cast<double>(inputs + 4) * 6e-8;
        good = good && std::abs(dst[r * outputs + o] - sum) <= bound;
      }
    }
    CHECK_FOR(good, name(kernels));
  }
};

void check_everywhere(const Problem& p) {
  const KernelTable& scalar = choose_kernels("scalar");
  const Guarded expected = p.run(scalar, 0, p.rows, 0);
  p.check_against_double(expected, scalar);
  for (const KernelTable* kernels : available_kernels()) {
    CHECK_FOR(p.run(*kernels, 0, p.rows, 0).same_bits(expected), p.name(*kernels));
    // However threads cut the panels.
    CHECK_FOR(p.run(*kernels, 0, p.rows, p.panels() / 3).same_bits(expected), p.name(*kernels));
    // One row as among many.
    const size_t row = p.rows / 2;
    const Guarded one = p.run(*kernels, row, 1, 0);
    CHECK_FOR(std::memcmp(one.data(), expected.data() + row * p.outputs, p.outputs * sizeof(float)) == 0,
              p.name(*kernels));
  }
}

GGMA_TEST(matmul_is_right_and_the_same_everywhere) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBf16}) {
    for (const size_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 31, 128}) {
      for (const size_t inputs : {1, 3, 16, 64, 101}) {
        for (const size_t outputs : {1, 7, 16, 17, 64, 100, 200})
          check_everywhere(Problem(dtype, rows, inputs, outputs, outputs % 2 == 1));
      }
    }
    // More columns than a tile takes at a time: the chain goes through dst.
    for (const size_t rows : {1, 6, 9}) check_everywhere(Problem(dtype, rows, 1801, 90, true));
  }
}

// What lets loading keep f32 weights as halves (core/narrow.h).
GGMA_TEST(matmul_of_halves_gives_the_bits_of_the_same_floats) {
  for (const Dtype dtype : {Dtype::kF16, Dtype::kBf16}) {
    for (const size_t rows : {1, 2, 5, 6, 7, 13, 40}) {
      for (const size_t inputs : {3, 64, 801}) {
        for (const size_t outputs : {7, 64, 200}) {
          const Problem halves(dtype, rows, inputs, outputs, true);
          Problem floats(Dtype::kF32, rows, inputs, outputs, true);
          for (size_t i = 0; i < halves.weight.size(); i++) {
            const auto value = static_cast<float>(halves.weight[i]);
            std::memcpy(&floats.source[i * sizeof(float)], &value, sizeof value);
          }
          const PackArgs pack{reinterpret_cast<uint8_t*>(floats.packed.data()), floats.source.data(), outputs,
                              inputs, Dtype::kF32};
          pack_panels(&pack, 0, floats.panels());
          for (const KernelTable* kernels : available_kernels())
            CHECK_FOR(halves.run(*kernels, 0, rows, 0).same_bits(floats.run(*kernels, 0, rows, 0)),
                      halves.name(*kernels));
        }
      }
    }
  }
}

GGMA_TEST(int8_matmul_is_exact_and_the_same_everywhere) {
  for (const Dtype dtype : {Dtype::kQ8_0, Dtype::kQ4_0}) {
    for (const size_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 31, 128}) {
      for (const size_t inputs : {32, 64, 96, 288}) {
        for (const size_t outputs : {1, 16, 17, 64, 100, 200})
          check_everywhere(Problem(dtype, rows, inputs, outputs, outputs % 2 == 1));
      }
    }
  }
}

// All weights −128 (or nibbles 0, or 15) and all activations at the end of the grid, where narrow sums would
// wrap.
GGMA_TEST(int8_matmul_does_not_overflow) {
  for (const Dtype dtype : {Dtype::kQ8_0, Dtype::kQ4_0}) {
    for (const int quant : {0x80, 0x7f, 0x00, 0xff}) {
      for (const float x : {-1.0f, 1.0f}) {
        Problem p(dtype, 5, 64, 20, false);
        const size_t block = dtype == Dtype::kQ8_0 ? 34 : 18;
        for (size_t at = 0; at < p.source.size(); at++)
          if (at % block >= 2) p.source[at] = static_cast<uint8_t>(quant);
        for (size_t i = 0; i < p.rows * p.inputs; i++) p.src[i] = x;
        for (size_t o = 0; o < p.outputs; o++) {
          std::vector<float> row(p.inputs);
          widen(dtype, p.source.data() + o * row_bytes(dtype, p.inputs), 0, p.inputs, row.data());
          std::copy(row.begin(), row.end(), p.weight.begin() + static_cast<std::ptrdiff_t>(o * p.inputs));
        }
        const PackArgs pack{reinterpret_cast<uint8_t*>(p.packed.data()), p.source.data(), p.outputs, p.inputs,
                            dtype};
        pack_panels(&pack, 0, p.panels());
        check_everywhere(p);
      }
    }
  }
}

GGMA_TEST(quantize_rounds_to_the_nearest_of_255_values) {
  Guarded src = Guarded::random(6 * kQuantBlock, 5, 3.0f);
  for (size_t i = 0; i < kQuantBlock; i++) {
    src[kQuantBlock + i] = 0.0f;
    src[2 * kQuantBlock + i] = static_cast<float>(i) - 15.5f;
    src[5 * kQuantBlock + i] = static_cast<float>(i) * 1e-42f;  // far below what a scale can say
  }
  src[3 * kQuantBlock + 7] = kNaN;
  src[4 * kQuantBlock + 31] = -std::numeric_limits<float>::infinity();
  for (const KernelTable* kernels : available_kernels()) {
    Guarded memory(6 * sizeof(QuantBlock) / sizeof(float));
    const auto* blocks = reinterpret_cast<const QuantBlock*>(memory.data());
    const QuantizeArgs args{reinterpret_cast<QuantBlock*>(memory.data()), src.data(), kQuantBlock};
    kernels->quantize(&args, 0, 6);
    CHECK(memory.intact());
    CHECK(std::isnan(blocks[3].scale) && std::isnan(blocks[4].scale));
    for (const size_t b : {0, 1, 2, 5}) {
      float top = 0;
      int sum = 0;
      bool near = true;
      for (size_t i = 0; i < kQuantBlock; i++) top = std::max(top, std::abs(src[b * kQuantBlock + i]));
      for (size_t i = 0; i < kQuantBlock; i++) {
        sum += blocks[b].q[i];
        const double error = double{src[b * kQuantBlock + i]} - double{blocks[b].scale} * blocks[b].q[i];
        near = near && std::abs(error) <= top / 254.0 * 1.00001 + 1e-38;
      }
      CHECK_FOR(near && blocks[b].scale == top / 127.0f, kernels->name);
      CHECK_FOR(blocks[b].q8_offset == -128 * sum && blocks[b].q4_offset == -8 * sum, kernels->name);
    }
  }
}

GGMA_TEST(gather_gives_the_row_packed_or_not) {
  const std::vector<int32_t> tokens = {0, 36, 15, 16, 17, 17};
  for (const Dtype dtype : kAllDtypes) {
    for (const size_t cols : {32, 96}) {
      const Problem p(dtype, 1, cols, 37, false);
      Guarded expected(tokens.size() * cols);
      for (size_t r = 0; r < tokens.size(); r++)
        widen(dtype, p.source.data() + static_cast<size_t>(tokens[r]) * row_bytes(dtype, cols), 0, cols,
              expected.data() + r * cols);
      for (const KernelTable* kernels : available_kernels()) {
        for (const bool packed : {false, true}) {
          Guarded dst(tokens.size() * cols);
          const void* weight = packed ? static_cast<const void*>(p.packed.data()) : p.source.data();
          const GatherArgs args{dst.data(), tokens.data(), weight, cols, dtype, packed};
          kernels->gather(&args, 2, tokens.size());
          kernels->gather(&args, 0, 2);
          CHECK_FOR(dst.intact() && dst.same_bits(expected), p.name(*kernels));
        }
      }
    }
  }
}

}  // namespace
}  // namespace ggma::test
