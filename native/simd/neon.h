// V16 as four registers of four lanes: NEON of ARMv8-A, with the dot product instructions where the file is
// compiled for them.
struct V16 {
  float32x4_t a, b, c, d;
};

GGMA_INLINE float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
GGMA_INLINE V16 load(const float* p) {
  return {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}
GGMA_INLINE void store(float* p, V16 v) {
  vst1q_f32(p, v.a);
  vst1q_f32(p + 4, v.b);
  vst1q_f32(p + 8, v.c);
  vst1q_f32(p + 12, v.d);
}
GGMA_INLINE V16 load_n(const float* p, size_t n) {
  float lane[16] = {};
  for (size_t i = 0; i < n; i++) lane[i] = p[i];
  return load(lane);
}
GGMA_INLINE void store_n(float* p, V16 v, size_t n) {
  float lane[16];
  store(lane, v);
  for (size_t i = 0; i < n; i++) p[i] = lane[i];
}
GGMA_INLINE V16 set1(float x) {
  const float32x4_t v = vdupq_n_f32(x);
  return {v, v, v, v};
}
GGMA_INLINE V16 zero() { return set1(0.0f); }
#define GGMA_TWO(name, f) \
  GGMA_INLINE V16 name(V16 x, V16 y) { return {f(x.a, y.a), f(x.b, y.b), f(x.c, y.c), f(x.d, y.d)}; }
GGMA_TWO(add, vaddq_f32)
GGMA_TWO(sub, vsubq_f32)
GGMA_TWO(mul, vmulq_f32)
GGMA_TWO(div, vdivq_f32)
GGMA_INLINE float32x4_t max4(float32x4_t x, float32x4_t y) { return vbslq_f32(vcgtq_f32(x, y), x, y); }
GGMA_TWO(max, max4)
GGMA_INLINE float32x4_t keep4(float32x4_t m, float32x4_t x) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(m), vreinterpretq_u32_f32(x)));
}
GGMA_TWO(keep, keep4)
#undef GGMA_TWO
GGMA_INLINE V16 fma(V16 x, V16 y, V16 z) {
  return {vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b), vfmaq_f32(z.c, x.c, y.c),
          vfmaq_f32(z.d, x.d, y.d)};
}
GGMA_INLINE float32x4_t choose4(float32x4_t m, float32x4_t x, float32x4_t y) {
  return vbslq_f32(vreinterpretq_u32_f32(m), x, y);
}
GGMA_INLINE V16 choose(V16 m, V16 x, V16 y) {
  return {choose4(m.a, x.a, y.a), choose4(m.b, x.b, y.b), choose4(m.c, x.c, y.c), choose4(m.d, x.d, y.d)};
}
GGMA_INLINE V16 select_lt(V16 p, V16 q, V16 x, V16 y) {
  return {vbslq_f32(vcltq_f32(p.a, q.a), x.a, y.a), vbslq_f32(vcltq_f32(p.b, q.b), x.b, y.b),
          vbslq_f32(vcltq_f32(p.c, q.c), x.c, y.c), vbslq_f32(vcltq_f32(p.d, q.d), x.d, y.d)};
}
GGMA_INLINE float32x4_t lanes4(int first, int lo, int hi) {
  const int32_t numbers[] = {first, first + 1, first + 2, first + 3};
  const int32x4_t i = vld1q_s32(numbers);
  const uint32x4_t in = vandq_u32(vcgeq_s32(i, vdupq_n_s32(lo)), vcltq_s32(i, vdupq_n_s32(hi)));
  return vreinterpretq_f32_u32(in);
}
GGMA_INLINE V16 lanes(int lo, int hi) {
  return {lanes4(0, lo, hi), lanes4(4, lo, hi), lanes4(8, lo, hi), lanes4(12, lo, hi)};
}
GGMA_INLINE float32x4_t pow2_biased4(float32x4_t t) {
  const int32x4_t exponent = vaddq_s32(vreinterpretq_s32_f32(t), vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23));
}
GGMA_INLINE V16 pow2_biased(V16 t) {
  return {pow2_biased4(t.a), pow2_biased4(t.b), pow2_biased4(t.c), pow2_biased4(t.d)};
}
GGMA_INLINE float reduce_add(V16 v) {
  const float32x4_t s4 = vaddq_f32(vaddq_f32(v.a, v.c), vaddq_f32(v.b, v.d));
  const float32x2_t s2 = vadd_f32(vget_low_f32(s4), vget_high_f32(s4));
  return vget_lane_f32(s2, 0) + vget_lane_f32(s2, 1);
}
GGMA_INLINE float max1(float x, float y) { return x > y ? x : y; }
GGMA_INLINE float reduce_max(V16 v) {
  const float32x4_t s4 = max4(max4(v.a, v.c), max4(v.b, v.d));
  return max1(max1(vgetq_lane_f32(s4, 0), vgetq_lane_f32(s4, 2)),
              max1(vgetq_lane_f32(s4, 1), vgetq_lane_f32(s4, 3)));
}

GGMA_INLINE float32x4_t widen_f16(const uint16_t* p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
GGMA_INLINE V16 load_f16(const uint16_t* p) {
  return {widen_f16(p), widen_f16(p + 4), widen_f16(p + 8), widen_f16(p + 12)};
}
GGMA_INLINE float32x4_t widen_bf16(const uint16_t* p) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
GGMA_INLINE V16 load_bf16(const uint16_t* p) {
  return {widen_bf16(p), widen_bf16(p + 4), widen_bf16(p + 8), widen_bf16(p + 12)};
}
GGMA_INLINE V16 bf16_lanes(V16 v) { return v; }
GGMA_INLINE void store_f16_4(uint16_t* p, float32x4_t v) {
  vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v)));
}
GGMA_INLINE void store_f16(uint16_t* p, V16 v) {
  store_f16_4(p, v.a);
  store_f16_4(p + 4, v.b);
  store_f16_4(p + 8, v.c);
  store_f16_4(p + 12, v.d);
}
GGMA_INLINE int16x4_t low_words(float32x4_t v) { return vmovn_s32(vreinterpretq_s32_f32(v)); }
GGMA_INLINE void store_low_bytes(int8_t* p, V16 v) {
  vst1_s8(p, vmovn_s16(vcombine_s16(low_words(v.a), low_words(v.b))));
  vst1_s8(p + 8, vmovn_s16(vcombine_s16(low_words(v.c), low_words(v.d))));
}

// 32 registers: 24 accumulators, 4 for the weights.
constexpr int kFloatTile = 6, kFloatRows = 6;
constexpr int kInt8Tile = 4, kInt8Rows = 4;
constexpr size_t kAttendQueries = 2;
constexpr int kAttendGroups = 2;

struct Sums16 {
  int32x4_t a, b, c, d;
};
struct Bytes64 {
  int8x16_t a, b, c, d;
};
// Four outputs' sums of four products each.
GGMA_INLINE int32x4_t dot4(int32x4_t sums, int8x16_t w, int8x16_t x) {
#if defined(__ARM_FEATURE_DOTPROD)
  return vdotq_s32(sums, w, x);
#else
  const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(x)));
  const int32x4_t high = vpaddlq_s16(vmull_high_s8(w, x));
  return vaddq_s32(sums, vpaddq_s32(low, high));
#endif
}
GGMA_INLINE Sums16 dot64(Sums16 s, Bytes64 w, const int8_t* p) {
  int32_t word;
  __builtin_memcpy(&word, p, 4);
  const int8x16_t x = vreinterpretq_s8_s32(vdupq_n_s32(word));
  return {dot4(s.a, w.a, x), dot4(s.b, w.b, x), dot4(s.c, w.c, x), dot4(s.d, w.d, x)};
}
GGMA_INLINE V16 to_float(Sums16 s) {
  return {vcvtq_f32_s32(s.a), vcvtq_f32_s32(s.b), vcvtq_f32_s32(s.c), vcvtq_f32_s32(s.d)};
}
GGMA_INLINE Sums16 no_sums() {
  const int32x4_t none = vdupq_n_s32(0);
  return {none, none, none, none};
}

struct Q8 {
  static constexpr size_t kBytes = 512, kVectors = 8, kParts = 1;
  using Sums = Sums16;
  using Weights = Bytes64;
  GGMA_INLINE static Weights load(const uint8_t* bytes, size_t) {
    const auto* p = reinterpret_cast<const int8_t*>(bytes);
    return {vld1q_s8(p), vld1q_s8(p + 16), vld1q_s8(p + 32), vld1q_s8(p + 48)};
  }
  GGMA_INLINE static Sums start(const QuantBlock*) { return no_sums(); }
  GGMA_INLINE static Sums dot(Sums sums, Weights w, const int8_t* x) { return dot64(sums, w, x); }
  GGMA_INLINE static V16 finish(Sums sums, const QuantBlock*) { return to_float(sums); }
};
struct Q4 {
  static constexpr size_t kBytes = 256, kVectors = 4, kParts = 2;
  using Sums = Sums16;
  using Weights = Bytes64;  // nibble − 8
  GGMA_INLINE static int8x16_t nibbles(const uint8_t* p, size_t part) {
    const uint8x16_t bytes = vld1q_u8(p);
    const uint8x16_t nibble = part ? vshrq_n_u8(bytes, 4) : vandq_u8(bytes, vdupq_n_u8(15));
    return vsubq_s8(vreinterpretq_s8_u8(nibble), vdupq_n_s8(8));
  }
  GGMA_INLINE static Weights load(const uint8_t* p, size_t part) {
    return {nibbles(p, part), nibbles(p + 16, part), nibbles(p + 32, part), nibbles(p + 48, part)};
  }
  GGMA_INLINE static Sums start(const QuantBlock*) { return no_sums(); }
  GGMA_INLINE static Sums dot(Sums sums, Weights w, const int8_t* x) { return dot64(sums, w, x); }
  GGMA_INLINE static V16 finish(Sums sums, const QuantBlock*) { return to_float(sums); }
};
