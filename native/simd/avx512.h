// V16 as one register: AVX-512 F, BW, VL, VNNI.
struct V16 {
  __m512 v;
};

GGMA_INLINE __mmask16 first_lanes(size_t n) { return static_cast<__mmask16>((1u << n) - 1u); }

GGMA_INLINE float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
GGMA_INLINE V16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
GGMA_INLINE V16 load_n(const float* p, size_t n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
GGMA_INLINE void store(float* p, V16 x) { _mm512_storeu_ps(p, x.v); }
GGMA_INLINE void store_n(float* p, V16 x, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), x.v); }
GGMA_INLINE V16 set1(float x) { return {_mm512_set1_ps(x)}; }
GGMA_INLINE V16 zero() { return {_mm512_setzero_ps()}; }
GGMA_INLINE V16 add(V16 x, V16 y) { return {_mm512_add_ps(x.v, y.v)}; }
GGMA_INLINE V16 sub(V16 x, V16 y) { return {_mm512_sub_ps(x.v, y.v)}; }
GGMA_INLINE V16 mul(V16 x, V16 y) { return {_mm512_mul_ps(x.v, y.v)}; }
GGMA_INLINE V16 div(V16 x, V16 y) { return {_mm512_div_ps(x.v, y.v)}; }
GGMA_INLINE V16 fma(V16 x, V16 y, V16 z) { return {_mm512_fmadd_ps(x.v, y.v, z.v)}; }
GGMA_INLINE V16 max(V16 x, V16 y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(x.v, y.v, _CMP_GT_OQ), y.v, x.v)};
}
GGMA_INLINE V16 choose(V16 m, V16 x, V16 y) {
  return {_mm512_mask_blend_ps(_mm512_test_epi32_mask(_mm512_castps_si512(m.v), _mm512_castps_si512(m.v)),
                               y.v, x.v)};
}
GGMA_INLINE V16 select_lt(V16 p, V16 q, V16 x, V16 y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(p.v, q.v, _CMP_LT_OQ), y.v, x.v)};
}
GGMA_INLINE V16 lanes(int lo, int hi) {
  const uint32_t below_hi = hi >= 16 ? 0xffffu : hi <= 0 ? 0u : (1u << hi) - 1u;
  const uint32_t below_lo = lo >= 16 ? 0xffffu : lo <= 0 ? 0u : (1u << lo) - 1u;
  return {_mm512_castsi512_ps(_mm512_maskz_set1_epi32(static_cast<__mmask16>(below_hi & ~below_lo), -1))};
}
GGMA_INLINE V16 keep(V16 m, V16 x) {
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(m.v), _mm512_castps_si512(x.v)))};
}
GGMA_INLINE V16 pow2_biased(V16 t) {
  const __m512i exponent = _mm512_add_epi32(_mm512_castps_si512(t.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23))};
}
GGMA_INLINE __m256 upper_half(__m512 v) {
  return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
}
GGMA_INLINE float reduce_add(V16 x) {
  const __m256 s8 = _mm256_add_ps(_mm512_castps512_ps256(x.v), upper_half(x.v));
  const __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
  const __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
  return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}
GGMA_INLINE float reduce_max(V16 x) {
  const __m256 s8 = _mm256_max_ps(_mm512_castps512_ps256(x.v), upper_half(x.v));
  const __m128 s4 = _mm_max_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
  const __m128 s2 = _mm_max_ps(s4, _mm_movehl_ps(s4, s4));
  return _mm_cvtss_f32(_mm_max_ss(s2, _mm_movehdup_ps(s2)));
}

GGMA_INLINE __m256i load_16_halves(const uint16_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
GGMA_INLINE V16 load_f16(const uint16_t* p) { return {_mm512_cvtph_ps(load_16_halves(p))}; }
// One permutation of words instead of widening and a shift: decoding from the caches is a sixth faster.
GGMA_INLINE V16 load_bf16(const uint16_t* p) {
  const __m512i to_the_upper_half =
      _mm512_slli_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), 16);
  const __m512i halves = _mm512_castsi256_si512(load_16_halves(p));
  return {_mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, to_the_upper_half, halves))};
}
GGMA_INLINE V16 bf16_lanes(V16 v) { return v; }
GGMA_INLINE void store_f16(uint16_t* p, V16 x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT));
}
GGMA_INLINE void store_low_bytes(int8_t* p, V16 x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_castps_si512(x.v)));
}

// 32 registers: 24 accumulators of floats, or 12 of floats and 12 of integers.
constexpr int kFloatTile = 24, kFloatRows = 6;
constexpr int kInt8Tile = 12, kInt8Rows = 6;
constexpr size_t kAttendQueries = 4;
constexpr int kAttendGroups = 4;

GGMA_INLINE __m512i load_64_bytes(const uint8_t* p) { return _mm512_loadu_si512(p); }
GGMA_INLINE __m512i broadcast_4_bytes(const int8_t* p) {
  int32_t word;
  __builtin_memcpy(&word, p, 4);
  return _mm512_set1_epi32(word);
}
// dpbusd takes unsigned · signed: weights get an offset, which the sums start without.
struct Q8 {
  static constexpr size_t kBytes = 512, kVectors = 8, kParts = 1;
  using Sums = __m512i;
  using Weights = __m512i;  // w + 128
  GGMA_INLINE static Weights load(const uint8_t* p, size_t) {
    return _mm512_xor_si512(load_64_bytes(p), _mm512_set1_epi8(-128));
  }
  GGMA_INLINE static Sums start(const QuantBlock* x) { return _mm512_set1_epi32(x->q8_offset); }
  GGMA_INLINE static Sums dot(Sums sums, Weights w, const int8_t* x) {
    return _mm512_dpbusd_epi32(sums, w, broadcast_4_bytes(x));
  }
  GGMA_INLINE static V16 finish(Sums sums, const QuantBlock*) { return {_mm512_cvtepi32_ps(sums)}; }
};
struct Q4 {
  static constexpr size_t kBytes = 256, kVectors = 4, kParts = 2;
  using Sums = __m512i;
  using Weights = __m512i;  // w + 8
  GGMA_INLINE static Weights load(const uint8_t* p, size_t part) {
    const __m512i bytes = load_64_bytes(p);
    return _mm512_and_si512(part ? _mm512_srli_epi16(bytes, 4) : bytes, _mm512_set1_epi8(15));
  }
  GGMA_INLINE static Sums start(const QuantBlock* x) { return _mm512_set1_epi32(x->q4_offset); }
  GGMA_INLINE static Sums dot(Sums sums, Weights w, const int8_t* x) { return Q8::dot(sums, w, x); }
  GGMA_INLINE static V16 finish(Sums sums, const QuantBlock* x) { return Q8::finish(sums, x); }
};
