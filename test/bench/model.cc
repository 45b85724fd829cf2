// Decode steps of a whole model with random weights, without JavaScript: tokens/s, and on one thread what
// each kernel takes of it.
#include <atomic>
#include <cstdio>
#include <map>

#include "bench/bench.h"
#include "core/batch.h"
#include "native/tiny_program.h"

namespace ggma::bench {
namespace {

struct Shape {
  const char* name;
  size_t hidden, layers, heads, kv_heads, ff, vocab;
  bool tied;
};
constexpr Shape kShapes[] = {
    {"T0", 64, 8, 16, 16, 256, 32000, false},
    {"S15", 288, 6, 6, 6, 768, 32000, true},
    {"S135", 576, 30, 9, 3, 1536, 49152, true},
    {"T1", 2048, 22, 32, 4, 5632, 32000, false},
};

// Every kernel with a clock around it. Wrappers are plain functions, so what they need is global.
struct Clock {
  uint64_t calls;
  double seconds;
};
KernelTable wrapped;  // the kernels themselves
std::map<std::string, Clock> clocks;

template <class Args>
void timed(const char* name, Kernel<Args> kernel, const Args* args, size_t begin, size_t end) {
  const double start = thread_time();
  kernel(args, begin, end);
  Clock& clock = clocks[name];
  clock.seconds += thread_time() - start;
  clock.calls++;
}
#define GGMA_SECTION_ROWS
#define GGMA_OP(Operands, Step)
#define GGMA_KERNEL(kernel, Args)                                   \
  void timed_##kernel(const Args* args, size_t begin, size_t end) { \
    timed(#kernel, wrapped.kernel, args, begin, end);               \
  }
#include "kernels/kernels.inc"
#undef GGMA_KERNEL
#define GGMA_KERNEL(kernel, Args) timed_##kernel,
const KernelTable timed_kernels = {
    "timed",
#include "kernels/kernels.inc"
};
#undef GGMA_KERNEL
#undef GGMA_OP
#undef GGMA_SECTION_ROWS

class RandomModel {
 public:
  RandomModel(const Shape& shape, Dtype dtype) : dtype_(dtype) {
    test::ProgramWriter& w = writer_;
    const size_t h = shape.hidden, dim = h / shape.heads, kv = shape.kv_heads * dim;
    const auto slot = [&](size_t width) {
      const uint32_t index = w.slot(round_up(width, kLanes));
      w.slots.back() = static_cast<uint32_t>(width);
      return index;
    };
    const uint32_t cos = w.table(static_cast<uint32_t>(dim)), sin = w.table(static_cast<uint32_t>(dim));
    const uint32_t x = slot(h), n = slot(h), q = slot(h), k = slot(kv), v = slot(kv), context = slot(h),
                   out = slot(h), gate = slot(shape.ff), up = slot(shape.ff), last = slot(h),
                   logits = slot(shape.vocab), eps = test::bits_of(1e-5f);
    const uint32_t table = matrix(shape.vocab, h);
    w.step(1, 0, {x, table});
    for (size_t i = 0; i < shape.layers; i++) {
      w.step(3, 0, {n, x, norm(h), eps, 1});
      w.step(2, 0, {q, n, matrix(h, h), kNone});
      w.step(2, 0, {k, n, matrix(kv, h), kNone});
      w.step(2, 0, {v, n, matrix(kv, h), kNone});
      const auto heads = static_cast<uint32_t>(shape.heads), kv_heads = static_cast<uint32_t>(shape.kv_heads),
                 dim32 = static_cast<uint32_t>(dim);
      w.step(9, 0,
             {context, q, k, v, w.cache(kv_heads, dim32), heads, kv_heads, dim32,
              test::bits_of(1.0f / std::sqrt(static_cast<float>(dim))), 0, cos, sin});
      w.step(2, 0, {out, context, matrix(h, h), kNone});
      w.step(5, 0, {x, x, out});
      w.step(3, 0, {n, x, norm(h), eps, 1});
      w.step(2, 0, {gate, n, matrix(shape.ff, h), kNone});
      w.step(2, 0, {up, n, matrix(shape.ff, h), kNone});
      w.step(4, 0, {gate, gate, up});
      w.step(2, 0, {out, gate, matrix(h, shape.ff), kNone});
      w.step(5, 0, {x, x, out});
    }
    w.step(10, 0, {last, x});
    w.step(3, 1, {last, last, norm(h), eps, 1});
    w.step(2, 1, {logits, last, shape.tied ? table : matrix(shape.vocab, h), kNone});
    program_ = w.encode(static_cast<uint32_t>(shape.vocab), logits);
  }
  Program decode() const { return decode_program(program_.data(), program_.size(), {writer_.source.size()}); }
  const uint8_t* source() const { return writer_.source.data(); }

 private:
  uint32_t norm(size_t width) { return writer_.weight(std::vector<float>(width, 1.0f), 1, width); }
  uint32_t matrix(size_t rows, size_t cols) {
    std::vector<uint8_t> bytes(rows * row_bytes(dtype_, cols));
    const size_t unit = dtype_ == Dtype::kF32 ? 4 : 2;
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(random_.next() >> 20);
    if (is_quantised(dtype_)) {
      const size_t block = dtype_ == Dtype::kQ8_0 ? 34 : 18;
      for (size_t i = 0; i < bytes.size(); i += block)
        bytes[i] = 0, bytes[i + 1] = dtype_ == Dtype::kQ8_0 ? 0x08 : 0x1c;  // 2^−13, 2^−8
    } else {
      for (size_t i = unit - 1; i < bytes.size(); i += unit)
        bytes[i] = static_cast<uint8_t>((bytes[i] & 0x80) | (dtype_ == Dtype::kF16 ? 0x24 : 0x3c));
    }
    return writer_.weight(bytes, dtype_, rows, cols);
  }

  Dtype dtype_;
  test::Random random_{1};
  test::ProgramWriter writer_;
  std::vector<uint8_t> program_;
};

// Tokens/s of steps from `position` on: the median of rounds, by the wall, and for one thread by its CPU
// time.
void measure(Model& model, size_t position, size_t threads, const char* label) {
  const int32_t sequence = model.create_sequence();
  std::vector<int32_t> prompt(position + 1, 7);
  for (size_t i = 0; i < prompt.size(); i++) prompt[i] = static_cast<int32_t>(3 + i * 37 % 1000);
  std::vector<int32_t> out(64);
  const auto decode = [&](const int32_t* feed, size_t count, int32_t at, size_t draw) {
    DecodeRequest request{};
    request.sequence = sequence;
    request.position = at;
    request.feed = feed;
    request.feed_count = count;
    request.out = out.data();
    request.count = draw;
    Batch batch(model, {request});
    batch.run(1e9, nullptr);
    if (batch.outcomes[0].failure) throw *batch.outcomes[0].failure;
  };
  if (position > 0) decode(prompt.data(), position, 0, 1);
  std::vector<double> wall, cpu;
  const auto begin = wall_time();
  decode(prompt.data() + position, 1, static_cast<int32_t>(position), out.size());
  clocks.clear();
  while (wall.size() < 5 || (wall_time() - begin < 2.0 && wall.size() < 200)) {
    const double w0 = wall_time(), c0 = thread_time();
    decode(prompt.data() + position, 1, static_cast<int32_t>(position), out.size());
    wall.push_back((wall_time() - w0) / static_cast<double>(out.size()));
    cpu.push_back((thread_time() - c0) / static_cast<double>(out.size()));
  }
  std::sort(wall.begin(), wall.end());
  std::sort(cpu.begin(), cpu.end());
  const double bytes = static_cast<double>(model.memory().weight_bytes);
  std::printf(
      "%s threads %zu at %zu: %.1f tokens/s median, %.1f best; CPU %.1f us a token, best %.1f (%.1f GB/s)\n",
      label, threads, position, 1 / wall[wall.size() / 2], 1 / wall[0], 1e6 * cpu[cpu.size() / 2],
      1e6 * cpu[0], 1e-9 * bytes / cpu[0]);
  const double tokens = static_cast<double>(wall.size() * out.size());
  for (const auto& [name, clock] : clocks)
    std::printf("  %-18s %6.1f calls %9.2f us a token\n", name.c_str(),
                static_cast<double>(clock.calls) / tokens, 1e6 * clock.seconds / tokens);
  model.free_sequence(sequence);
  std::fflush(stdout);
}

}  // namespace

bool bench_model(const std::string& what, const char* isa, size_t threads, size_t position, bool screened) {
  for (const Shape& shape : kShapes) {
    const std::string prefix = std::string("model.") + shape.name + ".";
    if (what.compare(0, prefix.size(), prefix) != 0) continue;
    const uint32_t dtype = dtype_of(what.substr(prefix.size()));
    if (dtype == kDtypes) return false;
    const RandomModel random(shape, static_cast<Dtype>(dtype));
    ThreadPool pool(threads);
    for (const bool profile : {false, true}) {
      if (profile && threads > 1) break;
      wrapped = choose_kernels(isa);
      Program program = random.decode();
      program.screened = screened;
      Model model(std::move(program), {random.source()}, profile ? timed_kernels : choose_kernels(isa), pool,
                  std::make_shared<MemoryBudget>(uint64_t{1} << 32));
      const size_t dim = shape.hidden / shape.heads;
      const std::vector<float> rows((position + 128) * dim, 0.5f);
      for (const uint32_t table : {0u, 1u}) model.tables().set(table, 0, rows.data(), rows.size());
      measure(model, position, threads, what.c_str());
    }
    return true;
  }
  return false;
}

}  // namespace ggma::bench
