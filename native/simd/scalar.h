// V16 as an array: the reference for the other instruction sets, and what an unknown CPU runs.
struct V16 {
  float lane[16];
};

#define GGMA_LANES(expression)   \
  V16 out;                       \
  for (int i = 0; i < 16; i++) { \
    out.lane[i] = (expression);  \
  }                              \
  return out

GGMA_INLINE float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
GGMA_INLINE V16 load(const float* p) { GGMA_LANES(p[i]); }
GGMA_INLINE V16 load_n(const float* p, size_t n) { GGMA_LANES(static_cast<size_t>(i) < n ? p[i] : 0.0f); }
GGMA_INLINE void store(float* p, V16 v) {
  for (int i = 0; i < 16; i++) p[i] = v.lane[i];
}
GGMA_INLINE void store_n(float* p, V16 v, size_t n) {
  for (size_t i = 0; i < n; i++) p[i] = v.lane[i];
}
GGMA_INLINE V16 set1(float x) { GGMA_LANES(x); }
GGMA_INLINE V16 zero() { return set1(0.0f); }
GGMA_INLINE V16 add(V16 a, V16 b) { GGMA_LANES(a.lane[i] + b.lane[i]); }
GGMA_INLINE V16 sub(V16 a, V16 b) { GGMA_LANES(a.lane[i] - b.lane[i]); }
GGMA_INLINE V16 mul(V16 a, V16 b) { GGMA_LANES(a.lane[i] * b.lane[i]); }
GGMA_INLINE V16 div(V16 a, V16 b) { GGMA_LANES(a.lane[i] / b.lane[i]); }
GGMA_INLINE V16 fma(V16 a, V16 b, V16 c) { GGMA_LANES(fma1(a.lane[i], b.lane[i], c.lane[i])); }
GGMA_INLINE V16 max(V16 a, V16 b) { GGMA_LANES(a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
GGMA_INLINE V16 select_lt(V16 a, V16 b, V16 x, V16 y) {
  GGMA_LANES(a.lane[i] < b.lane[i] ? x.lane[i] : y.lane[i]);
}
GGMA_INLINE V16 lanes(int lo, int hi) { GGMA_LANES(bits_float(i >= lo && i < hi ? 0xffffffffu : 0u)); }
GGMA_INLINE V16 choose(V16 m, V16 x, V16 y) {
  GGMA_LANES(float_bits(m.lane[i]) != 0 ? x.lane[i] : y.lane[i]);
}
GGMA_INLINE V16 keep(V16 m, V16 v) { return choose(m, v, zero()); }
GGMA_INLINE V16 pow2_biased(V16 t) {
  // The low bits of t are n; 127 + n is the exponent of 2^n.
  GGMA_LANES(bits_float((float_bits(t.lane[i]) + 127u) << 23));
}
GGMA_INLINE float reduce_add(V16 v) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) v.lane[i] = v.lane[i] + v.lane[i + half];
  return v.lane[0];
}
GGMA_INLINE float reduce_max(V16 v) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) v.lane[i] = v.lane[i] > v.lane[i + half] ? v.lane[i] : v.lane[i + half];
  return v.lane[0];
}

GGMA_INLINE V16 load_f16(const uint16_t* p) { GGMA_LANES(float_of_half(p[i])); }
GGMA_INLINE V16 load_bf16(const uint16_t* p) { GGMA_LANES(bits_float(static_cast<uint32_t>(p[i]) << 16)); }
GGMA_INLINE V16 bf16_lanes(V16 v) { return v; }
GGMA_INLINE void store_f16(uint16_t* p, V16 v) {
  for (int i = 0; i < 16; i++) p[i] = half_of_float(v.lane[i]);
}
GGMA_INLINE void store_low_bytes(int8_t* p, V16 v) {
  for (int i = 0; i < 16; i++) p[i] = static_cast<int8_t>(float_bits(v.lane[i]));
}
#undef GGMA_LANES

// Small: there are no vector registers to fill, and larger tiles take a sanitizer's build minutes.
constexpr int kFloatTile = 2, kFloatRows = 2;
constexpr int kInt8Tile = 2, kInt8Rows = 2;
constexpr size_t kAttendQueries = 1;
constexpr int kAttendGroups = 1;

struct Sums16 {
  int32_t lane[16];
};
struct Q8 {
  static constexpr size_t kBytes = 512, kVectors = 8, kParts = 1;
  using Sums = Sums16;
  struct Weights {
    const int8_t* p;
  };
  static Weights load(const uint8_t* p, size_t) { return {reinterpret_cast<const int8_t*>(p)}; }
  static Sums start(const QuantBlock*) { return {}; }
  static Sums dot(Sums sums, Weights w, const int8_t* x) {
    for (int i = 0; i < 64; i++) sums.lane[i / 4] += w.p[i] * x[i % 4];
    return sums;
  }
  static V16 finish(Sums sums, const QuantBlock*) {
    V16 out;
    for (int i = 0; i < 16; i++) out.lane[i] = static_cast<float>(sums.lane[i]);
    return out;
  }
};
struct Q4 {
  static constexpr size_t kBytes = 256, kVectors = 4, kParts = 2;
  using Sums = Sums16;
  struct Weights {
    const uint8_t* p;
    size_t part;
  };
  static Weights load(const uint8_t* p, size_t part) { return {p, part}; }
  static Sums start(const QuantBlock*) { return {}; }
  static Sums dot(Sums sums, Weights w, const int8_t* x) {
    for (int i = 0; i < 64; i++) sums.lane[i / 4] += ((w.p[i] >> (4 * w.part) & 15) - 8) * x[i % 4];
    return sums;
  }
  static V16 finish(Sums sums, const QuantBlock* x) { return Q8::finish(sums, x); }
};
