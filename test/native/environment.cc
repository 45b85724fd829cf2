// Results do not depend on floating-point flags that somebody else has set, and those flags stay as they
// were.
#include "core/float_environment.h"
#include "native/steps.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace ggma::test {
namespace {

// Flags of the calling thread that change results.
#if defined(__x86_64__) || defined(_M_X64)
constexpr uint32_t kFlushes = 0x8040, kToZero = 0x6000;
uint32_t flags() { return _mm_getcsr() & 0xe040; }
void set_flags(uint32_t flags) { _mm_setcsr(0x1f80 | flags); }
#elif defined(__aarch64__)
constexpr uint32_t kFlushes = 1u << 24, kToZero = 3u << 22;
uint32_t flags() {
  uint64_t state;
  asm volatile("mrs %0, fpcr" : "=r"(state));
  return static_cast<uint32_t>(state);
}
void set_flags(uint32_t flags) { asm volatile("msr fpcr, %0" : : "r"(uint64_t{flags}) : "memory"); }
#endif

// A model and what it is fed, made before any flag is set.
struct Prepared {
  TinyLlama llama;
  std::vector<float> tables[2];
  std::vector<int32_t> tokens = random_tokens(3, 60);

  explicit Prepared(Dtype dtype) : llama(dtype) {
    for (const bool sine : {false, true}) tables[sine] = llama.table(sine, 128);
  }

  // Logits of a prompt, and tokens drawn in another sequence.
  std::vector<uint32_t> results(size_t threads, const KernelTable& kernels) const {
    ThreadPool pool(threads);
    Model model(llama.decode(), {llama.writer.source.data()}, kernels, pool,
                std::make_shared<MemoryBudget>(uint64_t{1} << 30));
    for (const uint32_t table : {0, 1})
      model.tables().set(table, 0, tables[table].data(), tables[table].size());
    const std::vector<float> logits = step(model, {{model.create_sequence(), &tokens, 0, tokens.size()}});
    SamplingOptions options;
    options.seed = 5;
    Sampler sampler(llama.vocab, options);
    const int32_t token = 1;
    int32_t out[30];
    DecodeRequest request{};
    request.sequence = model.create_sequence();
    request.feed = &token;
    request.feed_count = 1;
    request.out = out;
    request.count = 30;
    request.sampler = &sampler;
    Batch batch(model, {request});
    batch.run(1e9, nullptr);
    std::vector<uint32_t> bits(out, out + 30);
    for (const float x : logits) bits.push_back(bits_of(x));
    return bits;
  }
};

GGMA_TEST(results_do_not_depend_on_inherited_float_flags) {
  const uint32_t before = flags();
  for (const KernelTable* kernels : available_kernels()) {
    for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kQ8_0}) {
      set_flags(0);
      const Prepared prepared(dtype);
      const std::vector<uint32_t> expected = prepared.results(1, *kernels);
      for (const uint32_t changed : {kFlushes, kToZero}) {
        for (const size_t threads : {1, 3}) {
          set_flags(changed);
          const std::vector<uint32_t> got = prepared.results(threads, *kernels);
          CHECK(flags() == changed);
          set_flags(0);
          CHECK_FOR(got == expected, kernels->name);
        }
      }
    }
  }
  set_flags(before);
}

// The smallest halves, as the only weights of a row: their products are far above the smallest float.
GGMA_TEST(subnormal_halves_count_whatever_the_flags) {
  const uint32_t before = flags();
  ProgramWriter w;
  const uint32_t x = w.slot(32), last = w.slot(32), logits = w.slot(16);
  std::vector<uint8_t> halves;
  for (uint32_t i = 0; i < 32; i++) halves.insert(halves.end(), {static_cast<uint8_t>(i + 1), 0});
  const uint32_t row = w.weight(halves, Dtype::kF16, 1, 32);
  w.step(1, 0, {x, row});
  w.step(10, 0, {last, x});
  std::vector<float> matrix(16 * 32, 0x1p24f);
  w.step(2, 1, {logits, last, w.weight(matrix, 16, 32), kNone});
  const std::vector<uint8_t> code = w.encode(16, logits);
  for (const KernelTable* kernels : available_kernels()) {
    set_flags(kFlushes);
    ThreadPool pool(2);
    Model model(decode_program(code.data(), code.size(), {w.source.size()}), {w.source.data()}, *kernels,
                pool, std::make_shared<MemoryBudget>(uint64_t{1} << 20));
    const int32_t rows[] = {0, model.create_sequence(), 0, 1};
    std::vector<float> out(16);
    model.step(rows, 1, out.data(), out.size(), {});
    set_flags(0);
    for (const float value : out) CHECK_FOR(value == 32 * 33 / 2, kernels->name);
  }
  set_flags(before);
}

}  // namespace
}  // namespace ggma::test
