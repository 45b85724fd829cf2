// What this machine can do at best: reading memory by working set, and multiply-adds of floats, on 1 … N
// threads. One JSON line each. Kernels are judged by how near they come.
//   ggma_limits [threads]
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

// 16 floats: one register, two or four, as the instruction set has it.
typedef float Vector __attribute__((vector_size(64)));

// Eight sums, so that no addition waits for another. In a macro, for a target cannot be a template's
// argument.
#define LIMITS_BODY(name, target)                                        \
  target float read_##name(const Vector* p, size_t vectors) {            \
    Vector s[8] = {};                                                    \
    /* Four runs in lockstep: memory serves several streams faster */    \
    /* than one, and kernels read that way (simd/tiles.h).         */    \
    const size_t run = vectors / 4;                                      \
    for (size_t i = 0; i + 2 <= run; i += 2)                             \
      for (size_t j = 0; j < 8; j++) s[j] += p[j / 2 * run + i + j % 2]; \
    for (size_t j = 1; j < 8; j++) s[0] += s[j];                         \
    return s[0][0];                                                      \
  }                                                                      \
  target float multiply_##name(size_t rounds) {                          \
    Vector s[8], x = {}, y = {};                                         \
    x += 0.999f;                                                         \
    y += 0.001f;                                                         \
    for (size_t j = 0; j < 8; j++) s[j] = y * static_cast<float>(j);     \
    for (size_t i = 0; i < rounds; i++)                                  \
      for (size_t j = 0; j < 8; j++) s[j] = s[j] * x + y;                \
    for (size_t j = 1; j < 8; j++) s[0] += s[j];                         \
    return s[0][0];                                                      \
  }

LIMITS_BODY(plain, )
#if defined(__x86_64__)
LIMITS_BODY(avx2, __attribute__((target("avx2,fma"))))
LIMITS_BODY(avx512, __attribute__((target("avx512f"))))
#endif

struct Body {
  const char* name;
  float (*read)(const Vector*, size_t);
  float (*multiply)(size_t);
};

Body choose_body() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {"avx512", read_avx512, multiply_avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"avx2", read_avx2, multiply_avx2};
#endif
  return {"plain", read_plain, multiply_plain};
}

volatile float sink;

// On huge pages where they are, as weights lie (core/buffer.h).
std::unique_ptr<Vector, void (*)(void*)> allocate(size_t bytes) {
  constexpr size_t kHugePage = size_t{2} << 20;
  void* memory = std::aligned_alloc(bytes < kHugePage ? sizeof(Vector) : kHugePage, bytes);
#if defined(__linux__)
  if (memory && bytes >= kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  if (memory) std::fill_n(static_cast<Vector*>(memory), bytes / sizeof(Vector), Vector{});
  return {static_cast<Vector*>(memory), std::free};
}

// Seconds that all threads take for `repeat` runs each: the median of seven.
template <class Run>
double median_seconds(size_t threads, size_t repeat, Run run) {
  std::vector<double> times;
  for (int round = 0; round < 7; round++) {
    std::atomic<size_t> ready{0};
    std::vector<std::thread> others;
    const auto work = [&](size_t thread) {
      ready++;
      while (ready < threads) {
      }
      for (size_t i = 0; i < repeat; i++) sink = run(thread);
    };
    const auto start = std::chrono::steady_clock::now();
    for (size_t t = 1; t < threads; t++) others.emplace_back(work, t);
    work(0);
    for (std::thread& other : others) other.join();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void measure(const Body& body, size_t threads) {
  for (const size_t bytes : {size_t{16} << 10, size_t{256} << 10, size_t{4} << 20, size_t{16} << 20,
                             size_t{64} << 20, size_t{512} << 20}) {
    const size_t vectors = bytes / sizeof(Vector);
    std::vector<std::unique_ptr<Vector, void (*)(void*)>> memory;
    for (size_t t = 0; t < threads; t++) {
      memory.push_back(allocate(bytes));
      if (!memory.back()) return;
    }
    const size_t repeat = std::max<size_t>(1, (size_t{256} << 20) / bytes);
    const double seconds =
        median_seconds(threads, repeat, [&](size_t t) { return body.read(memory[t].get(), vectors); });
    std::printf("{\"limit\":\"read\",\"isa\":\"%s\",\"bytes\":%zu,\"threads\":%zu,\"gbps\":%.1f}\n",
                body.name, bytes, threads, 1e-9 * static_cast<double>(bytes * repeat * threads) / seconds);
    std::fflush(stdout);
  }
  constexpr size_t kRounds = 2000000;
  const double seconds = median_seconds(threads, 1, [&](size_t) { return body.multiply(kRounds); });
  std::printf("{\"limit\":\"fma\",\"isa\":\"%s\",\"threads\":%zu,\"gflops\":%.1f}\n", body.name, threads,
              1e-9 * static_cast<double>(kRounds * 8 * 16 * 2 * threads) / seconds);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t threads =
      argc > 1 ? std::strtoul(argv[1], nullptr, 10) : std::max(1u, std::thread::hardware_concurrency());
  const Body body = choose_body();
  for (size_t t = 1; t <= threads; t *= 2) measure(body, t);
  return 0;
}
