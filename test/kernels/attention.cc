#include <algorithm>
#include <memory>

#include "native/harness.h"

namespace ggma::test {
namespace {

struct Shape {
  size_t heads, kv_heads, head_dim, positions, window;
};

// The KV blocks of a sequence with one layer: floats or halves, between what other layers would have. They
// start as NaN, so whatever is read before it is written shows, and so does a write outside of our part.
class KvMemory {
 public:
  KvMemory(const Shape& s, bool half) : half_(half), k_floats_(kv_k_floats(s.kv_heads, s.head_dim)) {
    // Two halves fill a float: 0x7fff is the half NaN.
    const uint32_t nan_bits = half ? 0x7fff7fffu : 0x7fc00000u;
    std::memcpy(&nan_, &nan_bits, 4);
    const size_t elements = kHead + k_floats_ + kv_v_floats(s.kv_heads, s.head_dim) + kTail;
    memory_.assign(s.positions / kKvBlock + 1, Guarded(floats(elements), nan_));
    for (Guarded& block : memory_) blocks_.push_back(block.data());
  }

  size_t k_offset() const { return kHead; }
  size_t v_offset() const { return kHead + k_floats_; }
  void* const* blocks() const { return blocks_.data(); }
  void* block_of(size_t position) const { return blocks_[position / kKvBlock]; }

  // Whether nothing but this layer's part of the blocks was written.
  bool intact() const {
    const auto untouched = [this](const float& x) { return std::memcmp(&x, &nan_, 4) == 0; };
    for (const Guarded& block : memory_) {
      const float* const end = block.data() + block.size();
      if (!block.intact() || !std::all_of(block.data(), block.data() + floats(kHead), untouched) ||
          !std::all_of(end - floats(kTail), end, untouched))
        return false;
    }
    return true;
  }

 private:
  static constexpr size_t kHead = 32, kTail = 16;  // elements of other layers, before and behind ours

  size_t floats(size_t elements) const { return half_ ? elements / 2 : elements; }

  const bool half_;
  const size_t k_floats_;
  float nan_;
  std::vector<Guarded> memory_;
  std::vector<void*> blocks_;
};

// A sequence of random q, k, v.
class Sequence {
 public:
  explicit Sequence(const Shape& shape)
      : s(shape),
        q(Guarded::random(s.positions * s.heads * s.head_dim, 1, 2.0f)),
        k(Guarded::random(s.positions * s.kv_heads * s.head_dim, 2, 2.0f)),
        v(Guarded::random(s.positions * s.kv_heads * s.head_dim, 3)),
        cos(s.positions * s.head_dim),
        sin(s.positions * s.head_dim) {
    for (size_t p = 0; p < s.positions; p++) {
      for (size_t d = 0; d < s.head_dim; d++) {
        const double angle =
            static_cast<double>(p) * std::pow(100.0, -static_cast<double>(d % (s.head_dim / 2 + 1)));
        cos[p * s.head_dim + d] = static_cast<float>(std::cos(angle));
        sin[p * s.head_dim + d] = static_cast<float>(std::sin(angle));
      }
    }
  }

  bool rotates() const { return s.head_dim % 2 == 0; }

  // Appended and attended in tiles of `tile_rows`, in steps of `chunk` rows.
  Guarded run(const KernelTable& kernels, size_t chunk, size_t tile_rows, bool half = false) const {
    const KvMemory memory(s, half);
    const size_t width = s.heads * s.head_dim;
    Guarded dst(s.positions * width), rotated(s.positions * width);
    for (size_t from = 0; from < s.positions; from += chunk) {
      const size_t rows = std::min(chunk, s.positions - from);
      std::vector<int32_t> positions;
      std::vector<void*> row_blocks;
      std::vector<AttentionTile> tiles;
      for (size_t r = 0; r < rows; r++) {
        positions.push_back(static_cast<int32_t>(from + r));
        row_blocks.push_back(memory.block_of(from + r));
        if (r % tile_rows == 0) tiles.push_back({r, std::min(tile_rows, rows - r), memory.blocks()});
      }
      float* q_rows = rotated.data() + from * width;
      const AttentionAppendArgs append =
          append_args(memory, q_rows, positions.data(), row_blocks.data(), half);
      kernels.attention_append(&append, 0, rows / 2);
      kernels.attention_append(&append, rows / 2, rows);
      const AttentionArgs args =
          attention_args(memory, dst.data() + from * width, q_rows, positions.data(), tiles.data(), half);
      const bool in_lanes = kv_heads_in_lanes(s.kv_heads, s.head_dim);
      const auto plain = half ? kernels.attention_f16 : kernels.attention_f32;
      const auto attention = in_lanes ? kernels.attention_heads : plain;
      const size_t units = tiles.size() * (in_lanes ? s.kv_heads / kLanes : s.kv_heads);
      attention(&args, units / 2, units);
      attention(&args, 0, units / 2);
    }
    CHECK(dst.intact() && rotated.intact() && memory.intact());
    return dst;
  }

  float scale() const { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(s.head_dim))); }

  // The rows one at a time through attention_split, threads' ranges in any order.
  Guarded run_split(const KernelTable& kernels, bool half) const {
    const KvMemory memory(s, half);
    const size_t width = s.heads * s.head_dim;
    Guarded dst(s.positions * width), rotated(width);
    for (size_t p = 0; p < s.positions; p++) {
      const auto position = static_cast<int32_t>(p);
      void* block = memory.block_of(p);
      const AttentionAppendArgs append = append_args(memory, rotated.data(), &position, &block, half);
      kernels.attention_append(&append, 0, 1);
      const AttentionTile tile{0, 1, memory.blocks()};
      const AttentionArgs args =
          attention_args(memory, dst.data() + p * width, rotated.data(), &position, &tile, half);
      const size_t first = s.window != 0 && p + 1 > s.window ? (p + 1 - s.window) / kKvBlock : 0,
                   count = p / kKvBlock + 1 - first, units = s.kv_heads * value_slices(s.head_dim);
      Guarded scores(count * s.heads * kKvBlock), rescales(count * s.heads), norms(s.heads);
      const AttentionSplitArgs split{&args, scores.data(), rescales.data(), norms.data()};
      kernels.attention_scores(&split, count / 2, count);
      kernels.attention_scores(&split, 0, count / 2);
      kernels.attention_weights(&split, s.heads / 3, s.heads);
      kernels.attention_weights(&split, 0, s.heads / 3);
      kernels.attention_values(&split, units / 2, units);
      kernels.attention_values(&split, 0, units / 2);
      CHECK(scores.intact() && rescales.intact() && norms.intact());
    }
    CHECK(dst.intact() && rotated.intact() && memory.intact());
    return dst;
  }

  // The largest error against doubles.
  double error(const Guarded& got) const {
    double worst = 0;
    const size_t step = std::max<size_t>(1, s.positions / 40);
    for (size_t p = s.positions - 1; p < s.positions; p -= step) {
      const size_t first = s.window != 0 && p + 1 > s.window ? p + 1 - s.window : 0;
      for (size_t h = 0; h < s.heads; h++) {
        const std::vector<double> query = turned(q, p, h, s.heads);
        std::vector<double> weight;
        double total = 0;
        for (size_t t = first; t <= p; t++) {
          const std::vector<double> key = turned(k, t, h / (s.heads / s.kv_heads), s.kv_heads);
          double score = 0;
          for (size_t d = 0; d < s.head_dim; d++) score += query[d] * key[d];
          weight.push_back(std::exp(score * scale()));
          total += weight.back();
        }
        for (size_t d = 0; d < s.head_dim; d++) {
          double sum = 0;
          for (size_t t = first; t <= p; t++)
            sum += weight[t - first] * v[(t * s.kv_heads + h / (s.heads / s.kv_heads)) * s.head_dim + d];
          worst = std::max(worst, std::abs(got[(p * s.heads + h) * s.head_dim + d] - sum / total));
        }
      }
    }
    return worst;
  }

 private:
  // Of the rows from positions[0] on; rotated: where their queries go.
  AttentionAppendArgs append_args(const KvMemory& memory, float* rotated, const int32_t* positions,
                                  void* const* row_blocks, bool half) const {
    const auto from = static_cast<size_t>(positions[0]), kv_width = s.kv_heads * s.head_dim;
    return {rotated,
            q.data() + from * s.heads * s.head_dim,
            k.data() + from * kv_width,
            v.data() + from * kv_width,
            rotates() ? cos.data() + from * s.head_dim : nullptr,
            rotates() ? sin.data() + from * s.head_dim : nullptr,
            positions,
            row_blocks,
            memory.k_offset(),
            memory.v_offset(),
            s.heads,
            s.kv_heads,
            s.head_dim,
            scale(),
            half};
  }

  AttentionArgs attention_args(const KvMemory& memory, float* dst, const float* rotated,
                               const int32_t* positions, const AttentionTile* tiles, bool half) const {
    return {dst,        rotated,    positions, tiles, memory.k_offset(), memory.v_offset(), s.heads,
            s.kv_heads, s.head_dim, s.window,  half};
  }

  std::vector<double> turned(const Guarded& x, size_t position, size_t head, size_t heads) const {
    const float* in = x.data() + (position * heads + head) * s.head_dim;
    std::vector<double> out(in, in + s.head_dim);
    if (!rotates()) return out;
    const size_t half = s.head_dim / 2;
    const float *c = cos.data() + position * s.head_dim, *n = sin.data() + position * s.head_dim;
    for (size_t d = 0; d < s.head_dim; d++)
      out[d] = double{in[d]} * c[d] + (d < half ? -double{in[d + half]} : double{in[d - half]}) * n[d];
    return out;
  }

  const Shape s;
  const Guarded q, k, v;
  Guarded cos, sin;
};

GGMA_TEST(attention_is_right_and_the_same_however_it_is_cut) {
  const Shape shapes[] = {
      {16, 16, 4, 33, 0},  {16, 16, 4, 150, 0},   {4, 2, 6, 70, 0},     {3, 3, 1, 66, 0},
      {16, 16, 4, 150, 1}, {16, 16, 4, 200, 66},  {32, 16, 8, 140, 24}, {32, 32, 3, 70, 0},
      {48, 16, 15, 70, 9}, {16, 16, 1, 66, 70},   {12, 12, 4, 150, 0},  {64, 32, 6, 40, 0},
      {8, 4, 8, 200, 24},  {4, 2, 15, 40, 7},     {9, 3, 64, 130, 0},   {6, 2, 16, 64, 0},
      {2, 1, 80, 90, 0},   {2, 2, 17, 65, 1},     {40, 1, 16, 40, 16},  {2, 1, 256, 70, 64},
      {32, 4, 32, 80, 65}, {4, 4, 128, 129, 100}, {1, 1, 48, 300, 130},
  };
  for (const Shape& shape : shapes) {
    const Sequence sequence(shape);
    const std::string name = std::to_string(shape.heads) + "/" + std::to_string(shape.kv_heads) + "/" +
                             std::to_string(shape.head_dim) + " window " + std::to_string(shape.window);
    const Guarded expected = sequence.run(choose_kernels("scalar"), shape.positions, 16);
    const double error = sequence.error(expected);
    CHECK_FOR(error < 3e-6, name + " error " + std::to_string(error));
    // Keys and values of 11 bits: the error of a score is that of its key.
    const Guarded half = sequence.run(choose_kernels("scalar"), shape.positions, 16, true);
    const double half_error = sequence.error(half);
    CHECK_FOR(half_error < 4e-3 && half_error > error, name + " f16 error " + std::to_string(half_error));
    for (const KernelTable* kernels : available_kernels()) {
      for (const bool is_half : {false, true}) {
        const Guarded& same = is_half ? half : expected;
        const std::string what = name + (is_half ? " f16 " : " ") + kernels->name;
        CHECK_FOR(sequence.run(*kernels, shape.positions, 16, is_half).same_bits(same), what);
        CHECK_FOR(sequence.run(*kernels, 1, 1, is_half).same_bits(same), what);
        CHECK_FOR(sequence.run(*kernels, 23, 5, is_half).same_bits(same), what);
        if (shape.head_dim >= kLanes)
          CHECK_FOR(sequence.run_split(*kernels, is_half).same_bits(same), what + " split");
      }
    }
  }
}

}  // namespace
}  // namespace ggma::test
