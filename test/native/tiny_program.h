// Writes programs (layout: core/program.h), and a small Llama as program and as weights for a plain
// reference.
#ifndef GGMA_TEST_NATIVE_TINY_PROGRAM_H
#define GGMA_TEST_NATIVE_TINY_PROGRAM_H

#include "core/model.h"
#include "native/harness.h"

namespace ggma::test {

inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

class ProgramWriter {
 public:
  uint32_t weight(const std::vector<float>& data, size_t rows, size_t cols) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
    return weight({bytes, bytes + data.size() * 4}, Dtype::kF32, rows, cols);
  }
  uint32_t weight(const std::vector<uint8_t>& bytes, Dtype dtype, size_t rows, size_t cols) {
    const uint64_t offset = source.size();
    source.insert(source.end(), bytes.begin(), bytes.end());
    for (const uint64_t word :
         {uint64_t{static_cast<uint32_t>(dtype)}, uint64_t{0}, offset, offset >> 32, uint64_t{bytes.size()},
          uint64_t{0}, uint64_t{rows}, uint64_t{cols}, uint64_t{0}, uint64_t{0}})
      weights.push_back(static_cast<uint32_t>(word));
    return static_cast<uint32_t>(weights.size() / 10 - 1);
  }
  uint32_t slot(size_t width) { return slot_at(arena_width, width); }
  uint32_t slot_at(size_t offset, size_t width) {
    slots.push_back(static_cast<uint32_t>(offset));
    slots.push_back(static_cast<uint32_t>(width));
    arena_width = std::max(arena_width, static_cast<uint32_t>(offset + width));
    return static_cast<uint32_t>(slots.size() / 2 - 1);
  }
  uint32_t table(uint32_t width) {
    tables.push_back(width);
    return static_cast<uint32_t>(tables.size() - 1);
  }
  uint32_t cache(uint32_t kv_heads, uint32_t head_dim) {
    caches.insert(caches.end(), {kv_heads, head_dim});
    return static_cast<uint32_t>(caches.size() / 2 - 1);
  }
  void step(uint32_t opcode, uint32_t flags, std::initializer_list<uint32_t> operands) {
    steps.insert(steps.end(), {opcode, flags});
    steps.insert(steps.end(), operands);
  }

  // outputs: what (Output), slot and width of each beside the logits.
  std::vector<uint8_t> encode(uint32_t vocab, uint32_t logits, std::vector<uint32_t> outputs = {}) const {
    outputs.insert(outputs.begin(), {static_cast<uint32_t>(Output::kLogits), logits, vocab});
    std::vector<uint32_t> words(24);
    const auto section = [&](const std::vector<uint32_t>& content) {
      const auto offset = static_cast<uint32_t>(words.size() * 4);
      words.insert(words.end(), content.begin(), content.end());
      if (words.size() % 2) words.push_back(0);
      return offset;
    };
    const uint32_t at[] = {section(weights), section(slots),   section(tables),
                           section(caches),  section(outputs), section(steps)};
    const uint32_t header[] = {kProgramMagic,
                               kProgramVersion,
                               static_cast<uint32_t>(words.size() * 4),
                               arena_width,
                               1,
                               static_cast<uint32_t>(weights.size() / 10),
                               at[0],
                               static_cast<uint32_t>(slots.size() / 2),
                               at[1],
                               static_cast<uint32_t>(tables.size()),
                               at[2],
                               static_cast<uint32_t>(caches.size() / 2),
                               at[3],
                               static_cast<uint32_t>(outputs.size() / 3),
                               at[4],
                               static_cast<uint32_t>(steps.size()),
                               at[5]};
    std::copy(std::begin(header), std::end(header), words.begin());
    const auto* bytes = reinterpret_cast<const uint8_t*>(words.data());
    return {bytes, bytes + words.size() * 4};
  }

  std::vector<uint8_t> source;
  std::vector<uint32_t> weights, slots, tables, caches, steps;
  uint32_t arena_width = 0;
};

// A Llama with grouped queries, a window in every second layer, a bias on q, per-head norm of k, a tied
// embedding.
struct TinyLlama {
  size_t vocab = 53, hidden = 24, heads = 4, kv_heads = 2, head_dim = 6, ff = 37, layers = 3, window = 9;
  Dtype dtype = Dtype::kF32;  // of the matrices; what the file holds is what the reference computes with
  std::vector<float> embedding, final_norm;
  struct Layer {
    std::vector<float> norm, wq, bq, wk, k_norm, wv, wo, ff_norm, gate, up, down;
  };
  std::vector<Layer> layer;
  ProgramWriter writer;
  uint32_t logits = 0;

  // Other dtypes have other sizes: quantised blocks take 32 columns.
  explicit TinyLlama(Dtype dtype = Dtype::kF32);
  size_t window_of(size_t index) const { return index % 2 == 1 ? window : 0; }
  float scale() const { return 0.5f; }  // not 1/√head_dim
  std::vector<uint8_t> encode() const { return writer.encode(static_cast<uint32_t>(vocab), logits); }
  Program decode() const {
    const std::vector<uint8_t> bytes = encode();
    return decode_program(bytes.data(), bytes.size(), {writer.source.size()});
  }
  // cos or sin rows of positions 0 … count − 1: [count, head_dim]
  std::vector<float> table(bool sine, size_t count) const;
  // Logits after each token, in doubles: [tokens][vocab].
  std::vector<std::vector<double>> reference(const std::vector<int32_t>& tokens) const;
};

struct LoadedLlama {
  TinyLlama llama;
  ThreadPool pool;
  std::shared_ptr<MemoryBudget> budget;
  Model model;

  explicit LoadedLlama(size_t threads = 1, const char* isa = nullptr,
                       uint64_t budget_bytes = uint64_t{1} << 30, size_t positions = 512,
                       Dtype dtype = Dtype::kF32, bool half_cache = false, bool profile = false)
      : llama(dtype),
        pool(threads),
        budget(std::make_shared<MemoryBudget>(budget_bytes)),
        model(decoded(llama, half_cache), {llama.writer.source.data()}, choose_kernels(isa), pool, budget,
              profile) {
    for (const bool sine : {false, true}) {
      const std::vector<float> rows = llama.table(sine, positions);
      model.tables().set(sine, 0, rows.data(), rows.size());
    }
  }

 private:
  static Program decoded(const TinyLlama& llama, bool half_cache) {
    Program program = llama.decode();
    program.half_cache = half_cache;
    return program;
  }
};

}  // namespace ggma::test

#endif
