#include "native/tiny_program.h"

#include <algorithm>

#include "core/pack.h"

namespace ggma::test {
namespace {

std::vector<float> random_weights(uint64_t seed, size_t count, double range, double center = 0) {
  Random random(seed);
  std::vector<float> out(count);
  for (float& x : out) x = static_cast<float>(center + random.unit() * range);
  return out;
}

std::vector<double> product(const std::vector<float>& w, const std::vector<double>& x) {
  std::vector<double> out(w.size() / x.size());
  for (size_t o = 0; o < out.size(); o++)
    for (size_t k = 0; k < x.size(); k++) out[o] += x[k] * w[o * x.size() + k];
  return out;
}

// By groups of as many elements as there are weights.
std::vector<double> rms_norm(const std::vector<float>& w, std::vector<double> x) {
  for (size_t at = 0; at < x.size(); at += w.size()) {
    double sum = 0;
    for (size_t i = 0; i < w.size(); i++) sum += x[at + i] * x[at + i];
    const double scale = 1.0 / std::sqrt(sum / static_cast<double>(w.size()) + 1e-5f);
    for (size_t i = 0; i < w.size(); i++) x[at + i] *= scale * w[i];
  }
  return x;
}

// Positive or negative powers of two times small integers are halves: no rounding to think about.
uint16_t half_scale(float value) {
  int exponent;
  const float mantissa = std::frexp(std::abs(value), &exponent);  // [0.5, 1)
  if (value == 0 || exponent < -13) return 0;
  const int bits = ((exponent + 14) << 10) + static_cast<int>(mantissa * 2048.0f) - 1024;
  return static_cast<uint16_t>(bits | (value < 0 ? 0x8000 : 0));
}

void append16(std::vector<uint8_t>& out, uint16_t bits) {
  out.push_back(static_cast<uint8_t>(bits));
  out.push_back(static_cast<uint8_t>(bits >> 8));
}

// Near `floats`, in the file's form.
std::vector<uint8_t> encode(Dtype dtype, const std::vector<float>& floats) {
  std::vector<uint8_t> out;
  if (!is_quantised(dtype)) {
    for (const float x : floats) {
      const uint32_t bits = bits_of(x);
      if (dtype == Dtype::kF32)
        for (int i = 0; i < 32; i += 8) out.push_back(static_cast<uint8_t>(bits >> i));
      else
        append16(out, dtype == Dtype::kF16 ? half_scale(x) : static_cast<uint16_t>(bits >> 16));
    }
    return out;
  }
  const float steps = dtype == Dtype::kQ8_0 ? 127 : 7;
  for (size_t at = 0; at < floats.size(); at += kQuantBlock) {
    float top = 0;
    for (size_t i = 0; i < kQuantBlock; i++) top = std::max(top, std::abs(floats[at + i]));
    const uint16_t half = half_scale(top / steps);
    append16(out, half);
    float scale;
    widen(Dtype::kF16, &out[out.size() - 2], 0, 1, &scale);
    const auto quant = [&](size_t i) { return static_cast<int>(std::lround(floats[at + i] / scale)); };
    if (dtype == Dtype::kQ8_0)
      for (size_t i = 0; i < kQuantBlock; i++)
        out.push_back(static_cast<uint8_t>(std::max(-127, std::min(127, quant(i)))));
    else
      for (size_t i = 0; i < 16; i++)
        out.push_back(
            static_cast<uint8_t>(std::min(15, quant(i) + 8) | std::min(15, quant(i + 16) + 8) << 4));
  }
  return out;
}

}  // namespace

TinyLlama::TinyLlama(Dtype dtype) : dtype(dtype) {
  if (dtype != Dtype::kF32) hidden = 32, head_dim = dtype == Dtype::kBf16 ? 16 : 8, ff = 96;
  const size_t q = heads * head_dim, kv = kv_heads * head_dim;
  uint64_t seed = 1;
  const auto matrix = [&](size_t rows, size_t cols) {
    return random_weights(seed++, rows * cols, 2.0 / std::sqrt(static_cast<double>(cols)));
  };
  embedding = random_weights(seed++, vocab * hidden, 1.0);
  final_norm = random_weights(seed++, hidden, 0.3, 1.0);
  for (size_t i = 0; i < layers; i++) {
    layer.push_back({random_weights(seed++, hidden, 0.3, 1.0), matrix(q, hidden),
                     random_weights(seed++, q, 0.5), matrix(kv, hidden),
                     random_weights(seed++, head_dim, 0.3, 1.0), matrix(kv, hidden), matrix(hidden, q),
                     random_weights(seed++, hidden, 0.3, 1.0), matrix(ff, hidden), matrix(ff, hidden),
                     matrix(hidden, ff)});
  }

  ProgramWriter& w = writer;
  // `data` becomes what the file says.
  const auto weight = [&](std::vector<float>& data, size_t rows, size_t cols) {
    const std::vector<uint8_t> bytes = test::encode(dtype, data);
    for (size_t r = 0; r < rows; r++)
      widen(dtype, bytes.data() + r * row_bytes(dtype, cols), 0, cols, data.data() + r * cols);
    return w.weight(bytes, dtype, rows, cols);
  };
  const uint32_t cos = w.table(static_cast<uint32_t>(head_dim)),
                 sin = w.table(static_cast<uint32_t>(head_dim));
  const uint32_t x = w.slot(hidden), n = w.slot(hidden), qs = w.slot(q), ks = w.slot(kv), vs = w.slot(kv),
                 context = w.slot(q), out = w.slot(hidden), gate = w.slot(ff), up = w.slot(ff);
  const uint32_t last = w.slot_at(w.slots[2 * qs], hidden);  // over q, dead by then
  logits = w.slot(vocab);
  const uint32_t eps = bits_of(1e-5f), table = weight(embedding, vocab, hidden);
  w.step(1, 0, {x, table});
  for (size_t i = 0; i < layers; i++) {
    Layer& l = layer[i];
    w.step(3, 0, {n, x, w.weight(l.norm, 1, hidden), eps, 1});
    w.step(2, 0, {qs, n, weight(l.wq, q, hidden), w.weight(l.bq, 1, q)});
    w.step(2, 0, {ks, n, weight(l.wk, kv, hidden), kNone});
    w.step(3, 0, {ks, ks, w.weight(l.k_norm, 1, head_dim), eps, static_cast<uint32_t>(kv_heads)});
    w.step(2, 0, {vs, n, weight(l.wv, kv, hidden), kNone});
    const auto kv32 = static_cast<uint32_t>(kv_heads), dim32 = static_cast<uint32_t>(head_dim);
    w.step(9, 0,
           {context, qs, ks, vs, w.cache(kv32, dim32), static_cast<uint32_t>(heads), kv32, dim32,
            bits_of(scale()), static_cast<uint32_t>(window_of(i)), cos, sin});
    w.step(2, 0, {out, context, weight(l.wo, hidden, q), kNone});
    w.step(5, 0, {x, x, out});
    w.step(3, 0, {n, x, w.weight(l.ff_norm, 1, hidden), eps, 1});
    w.step(2, 0, {gate, n, weight(l.gate, ff, hidden), kNone});
    w.step(2, 0, {up, n, weight(l.up, ff, hidden), kNone});
    if (i == 0) {  // the same in two steps
      w.step(8, 0, {gate, gate});
      w.step(6, 0, {gate, gate, up});
    } else {
      w.step(4, 0, {gate, gate, up});
    }
    w.step(2, 0, {out, gate, weight(l.down, hidden, ff), kNone});
    w.step(7, 0, {out, out, bits_of(0.75f)});
    w.step(5, 0, {x, x, out});
  }
  w.step(10, 0, {last, x});
  w.step(3, 1, {last, last, w.weight(final_norm, 1, hidden), eps, 1});
  w.step(2, 1, {logits, last, table, kNone});
}

std::vector<float> TinyLlama::table(bool sine, size_t count) const {
  std::vector<float> out;
  for (size_t p = 0; p < count; p++) {
    for (size_t d = 0; d < head_dim; d++) {
      const double pair = static_cast<double>(d % (head_dim / 2)), size = static_cast<double>(head_dim);
      const double angle = static_cast<double>(p) * std::pow(1000.0, -2.0 * pair / size);
      out.push_back(static_cast<float>(sine ? std::sin(angle) : std::cos(angle)));
    }
  }
  return out;
}

std::vector<std::vector<double>> TinyLlama::reference(const std::vector<int32_t>& tokens) const {
  const std::vector<float> cos = table(false, tokens.size()), sin = table(true, tokens.size());
  std::vector<std::vector<std::vector<double>>> keys(layers), values(layers);  // [layer][position]
  std::vector<std::vector<double>> out;
  const auto rotate = [&](std::vector<double> x, size_t p) {
    const std::vector<double> in = x;
    const size_t half = head_dim / 2;
    for (size_t i = 0; i < x.size(); i++) {
      const size_t d = i % head_dim;
      x[i] =
          in[i] * cos[p * head_dim + d] + (d < half ? -in[i + half] : in[i - half]) * sin[p * head_dim + d];
    }
    return x;
  };
  for (size_t p = 0; p < tokens.size(); p++) {
    const float* row = embedding.data() + static_cast<size_t>(tokens[p]) * hidden;
    std::vector<double> x(row, row + hidden);
    for (size_t i = 0; i < layers; i++) {
      const Layer& l = layer[i];
      const std::vector<double> n = rms_norm(l.norm, x);
      std::vector<double> q = product(l.wq, n);
      for (size_t d = 0; d < q.size(); d++) q[d] += l.bq[d];
      q = rotate(q, p);
      keys[i].push_back(rotate(rms_norm(l.k_norm, product(l.wk, n)), p));
      values[i].push_back(product(l.wv, n));
      std::vector<double> context(heads * head_dim);
      const size_t first = window_of(i) != 0 && p + 1 > window ? p + 1 - window : 0;
      for (size_t h = 0; h < heads; h++) {
        const size_t at = h / (heads / kv_heads) * head_dim;
        double total = 0;
        for (size_t t = first; t <= p; t++) {
          double score = 0;
          for (size_t d = 0; d < head_dim; d++) score += q[h * head_dim + d] * keys[i][t][at + d];
          const double weight = std::exp(score * scale());
          total += weight;
          for (size_t d = 0; d < head_dim; d++) context[h * head_dim + d] += weight * values[i][t][at + d];
        }
        for (size_t d = 0; d < head_dim; d++) context[h * head_dim + d] /= total;
      }
      const std::vector<double> attended = product(l.wo, context);
      for (size_t d = 0; d < hidden; d++) x[d] += attended[d];
      const std::vector<double> m = rms_norm(l.ff_norm, x);
      std::vector<double> gate = product(l.gate, m);
      const std::vector<double> up = product(l.up, m);
      for (size_t d = 0; d < ff; d++) gate[d] = gate[d] / (1.0 + std::exp(-gate[d])) * up[d];
      const std::vector<double> down = product(l.down, gate);
      for (size_t d = 0; d < hidden; d++) x[d] += down[d] * 0.75;
    }
    out.push_back(product(embedding, rms_norm(final_norm, x)));
  }
  return out;
}

}  // namespace ggma::test
