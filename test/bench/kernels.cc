// Kernels alone, on one thread: arithmetic and memory speed beside what the machine reaches at best. The
// shortest of many runs, in the thread's own CPU time: another program on the machine changes little.
//   ggma_bench [matmul.q8_0 | attention.64 | model.S135.q8_0] [isa] [threads] [position] [screened]
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "core/buffer.h"
#include "core/pack.h"
#include "isa/dispatch.h"

namespace ggma {
namespace {

// Seconds of one run: the best of rounds of at least 2 ms, for 200 ms.
template <class Run>
double best(Run run) {
  size_t repeat = 1;
  double least = 1e9, total = 0;
  run();
  while (total < 0.2) {
    const double start = bench::thread_time();
    for (size_t i = 0; i < repeat; i++) run();
    const double took = bench::thread_time() - start;
    total += took;
    if (took < 0.002) {
      repeat *= 2;
      continue;
    }
    least = std::min(least, took / static_cast<double>(repeat));
  }
  return least;
}

Kernel<MatmulArgs> matmul_of(const KernelTable& kernels, Dtype dtype) {
  const Kernel<MatmulArgs> all[] = {kernels.matmul_f32, kernels.matmul_f16, kernels.matmul_bf16,
                                    kernels.matmul_q8_0, kernels.matmul_q4_0};
  return all[static_cast<size_t>(dtype)];
}

void matmul(const KernelTable& kernels, Dtype dtype, size_t rows, size_t inputs, size_t outputs) {
  const size_t panels = round_up(outputs, kLanes) / kLanes, panel = panel_bytes(dtype, inputs);
  const size_t bytes = panels * panel;
  // Random bits would be NaN and infinities: small numbers of every kind instead.
  std::vector<uint8_t> source(outputs * row_bytes(dtype, inputs));
  for (size_t i = 0; i < source.size(); i++)
    source[i] = static_cast<uint8_t>(dtype == Dtype::kF32 ? (i % 4 == 3 ? 0x3c : i * 7)
                                                          : (i % 2 == 1 ? 0x2c : i * 7));
  const FloatBuffer weight = allocate_floats(bytes / 4, "bench"), x = allocate_floats(rows * inputs, "bench"),
                    dst = allocate_floats(rows * outputs, "bench"),
                    quants =
                        allocate_floats(rows * inputs / kQuantBlock * sizeof(QuantBlock) / 4 + 16, "bench");
  const PackArgs pack{reinterpret_cast<uint8_t*>(weight.get()), source.data(), outputs, inputs, dtype};
  pack_panels(&pack, 0, panels);
  for (size_t i = 0; i < rows * inputs; i++) x[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  auto* blocks = reinterpret_cast<QuantBlock*>(quants.get());
  if (is_quantised(dtype)) {
    const QuantizeArgs quantize{blocks, x.get(), inputs};
    kernels.quantize(&quantize, 0, rows);
  }
  const void* src = is_quantised(dtype) ? static_cast<const void*>(blocks) : x.get();
  const MatmulArgs args{dst.get(), src, weight.get(), nullptr, rows, inputs, outputs};
  const auto kernel = matmul_of(kernels, dtype);
  const double seconds = best([&] { kernel(&args, 0, panels); });
  const double work = static_cast<double>(rows) * static_cast<double>(inputs * outputs);
  std::printf("matmul %-4s %-6s rows %3zu  %5zu x %5zu  %7.1f GFLOP/s %7.1f GB/s %9.2f us\n",
              bench::kDtypeNames[static_cast<size_t>(dtype)], kernels.name, rows, inputs, outputs,
              2e-9 * work / seconds, 1e-9 * static_cast<double>(bytes) / seconds, 1e6 * seconds);
  std::fflush(stdout);
}

// `sequences` of `rows` rows each, with memory of their own.
void attention(const KernelTable& kernels, size_t heads, size_t kv_heads, size_t head_dim, size_t sequences,
               size_t rows, size_t position, bool half) {
  const size_t k_floats = kv_k_floats(kv_heads, head_dim), block = k_floats + kv_v_floats(kv_heads, head_dim);
  const size_t count = (position + rows) / kKvBlock + 1, width = heads * head_dim, all = sequences * rows;
  const FloatBuffer memory = allocate_floats(sequences * count * block, "bench"),
                    q = allocate_floats(all * width, "bench"), dst = allocate_floats(all * width, "bench");
  // As halves, too, these are small numbers.
  for (size_t i = 0; i < sequences * count * block; i++)
    memory[i] = static_cast<float>(i % 23) * 0.05f - 0.5f;
  for (size_t i = 0; i < all * width; i++) q[i] = static_cast<float>(i % 19) * 0.1f - 0.9f;
  std::vector<void*> blocks;
  for (size_t i = 0; i < sequences * count; i++) blocks.push_back(memory.get() + i * block);
  std::vector<int32_t> positions;
  std::vector<AttentionTile> tiles;
  for (size_t s = 0; s < sequences; s++)
    for (size_t r = 0; r < rows; r++) {
      positions.push_back(static_cast<int32_t>(position + r));
      if (r % 16 == 0)
        tiles.push_back({s * rows + r, std::min<size_t>(16, rows - r), blocks.data() + s * count});
    }
  const AttentionArgs args{
      dst.get(), q.get(), positions.data(), tiles.data(), 0, k_floats, heads, kv_heads, head_dim, 0, half};
  const bool in_lanes = kv_heads_in_lanes(kv_heads, head_dim);
  const auto plain = half ? kernels.attention_f16 : kernels.attention_f32;
  const double seconds = best([&] {
    in_lanes ? kernels.attention_heads(&args, 0, tiles.size() * kv_heads / kLanes)
             : plain(&args, 0, tiles.size() * kv_heads);
  });
  const double pairs = static_cast<double>(all) *
                       (static_cast<double>(position) + static_cast<double>(rows) / 2) *
                       static_cast<double>(heads);
  // K and V as rows of a sequence see them; a multiple of what is read when rows share it.
  const double bytes = pairs * static_cast<double>(2 * head_dim * kv_heads * (half ? 2 : 4) / heads);
  std::printf("attention %-6s %s %zu/%zu/%zu %2zu x rows %3zu at %4zu %8.2f us, %.2f ns a score, %.1f GB/s\n",
              kernels.name, half ? "f16" : "f32", heads, kv_heads, head_dim, sequences, rows, position,
              1e6 * seconds, 1e9 * seconds / pairs, 1e-9 * bytes / seconds);
  std::fflush(stdout);
}

}  // namespace
}  // namespace ggma

int main(int argc, char** argv) {
  using namespace ggma;
  const std::string only = argc > 1 ? argv[1] : "";
  const char* isa = argc > 2 ? argv[2] : "";
  const auto number = [&](int i, int missing) {
    return static_cast<size_t>(argc > i ? std::stoi(argv[i]) : missing);
  };
  if (only.find("model.") == 0)
    return bench::bench_model(only, isa, number(3, 1), number(4, 0), argc > 5) ? 0 : 2;
  const KernelTable& kernels = choose_kernels(isa);
  const struct {
    size_t inputs, outputs;
  } shapes[] = {{64, 256}, {64, 32000}, {288, 768}, {288, 32000}, {576, 1536}, {1536, 576}, {576, 49152}};
  if (only.empty() || only.find("matmul") == 0) {
    for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kQ8_0, Dtype::kQ4_0}) {
      if (only.size() > 7 && only.substr(7) != bench::kDtypeNames[static_cast<size_t>(dtype)]) continue;
      for (const size_t rows : {1, 4, 128})
        for (const auto& shape : shapes)
          if (rows != 128 || shape.outputs < 10000) matmul(kernels, dtype, rows, shape.inputs, shape.outputs);
    }
  }
  if (only.empty() || only.find("attention") == 0) {
    const struct {
      size_t heads, kv_heads, head_dim, sequences, rows, position;
      // 96 sequences at 160: more than a cache holds, as when 16 of them run through the layers of a model.
    } cases[] = {{16, 16, 4, 1, 1, 100},  {16, 16, 4, 1, 128, 0},  {16, 16, 4, 1, 128, 384},
                 {6, 6, 48, 1, 1, 100},   {6, 6, 48, 96, 1, 160},  {6, 6, 48, 1, 128, 384},
                 {9, 3, 64, 1, 1, 100},   {9, 3, 64, 1, 1, 1900},  {9, 3, 64, 30, 1, 1900},
                 {9, 3, 64, 1, 128, 384}, {32, 4, 64, 1, 1, 1900}, {32, 4, 64, 22, 1, 1900}};
    for (const auto& c : cases)
      if (only.size() < 10 || only.substr(10) == std::to_string(c.head_dim))
        for (const bool half : {false, true})
          attention(kernels, c.heads, c.kv_heads, c.head_dim, c.sequences, c.rows, c.position, half);
  }
  return 0;
}
