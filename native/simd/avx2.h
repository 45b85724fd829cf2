// V16 as two registers of eight lanes: AVX2 + FMA.
struct V16 {
  __m256 a, b;
};

// maskload reads lane i when the sign bit of mask word i is set: eight set words, then eight clear ones.
alignas(64) const int32_t kMaskWords[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

GGMA_INLINE __m256i first_lanes(size_t n) {  // n ≤ 8
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMaskWords + 16 - n));
}

GGMA_INLINE float fma1(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
GGMA_INLINE V16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
GGMA_INLINE V16 load_n(const float* p, size_t n) {
  if (n <= 8) return {_mm256_maskload_ps(p, first_lanes(n)), _mm256_setzero_ps()};
  return {_mm256_loadu_ps(p), _mm256_maskload_ps(p + 8, first_lanes(n - 8))};
}
GGMA_INLINE void store(float* p, V16 v) {
  _mm256_storeu_ps(p, v.a);
  _mm256_storeu_ps(p + 8, v.b);
}
GGMA_INLINE void store_n(float* p, V16 v, size_t n) {
  if (n <= 8) {
    _mm256_maskstore_ps(p, first_lanes(n), v.a);
    return;
  }
  _mm256_storeu_ps(p, v.a);
  _mm256_maskstore_ps(p + 8, first_lanes(n - 8), v.b);
}
GGMA_INLINE V16 set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
GGMA_INLINE V16 zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
GGMA_INLINE V16 add(V16 x, V16 y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
GGMA_INLINE V16 sub(V16 x, V16 y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
GGMA_INLINE V16 mul(V16 x, V16 y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
GGMA_INLINE V16 div(V16 x, V16 y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
GGMA_INLINE V16 fma(V16 x, V16 y, V16 z) {
  return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
GGMA_INLINE V16 max(V16 x, V16 y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
GGMA_INLINE V16 choose(V16 m, V16 x, V16 y) {
  return {_mm256_blendv_ps(y.a, x.a, m.a), _mm256_blendv_ps(y.b, x.b, m.b)};
}
GGMA_INLINE V16 select_lt(V16 p, V16 q, V16 x, V16 y) {
  return choose({_mm256_cmp_ps(p.a, q.a, _CMP_LT_OQ), _mm256_cmp_ps(p.b, q.b, _CMP_LT_OQ)}, x, y);
}
GGMA_INLINE V16 lanes(int lo, int hi) {
  const __m256i low = _mm256_set1_epi32(lo - 1), high = _mm256_set1_epi32(hi);
  const __m256i i = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), j = _mm256_add_epi32(i, _mm256_set1_epi32(8));
  const __m256i a = _mm256_and_si256(_mm256_cmpgt_epi32(i, low), _mm256_cmpgt_epi32(high, i));
  const __m256i b = _mm256_and_si256(_mm256_cmpgt_epi32(j, low), _mm256_cmpgt_epi32(high, j));
  return {_mm256_castsi256_ps(a), _mm256_castsi256_ps(b)};
}
GGMA_INLINE V16 keep(V16 m, V16 v) { return {_mm256_and_ps(m.a, v.a), _mm256_and_ps(m.b, v.b)}; }
GGMA_INLINE __m256 pow2_biased8(__m256 t) {
  const __m256i exponent = _mm256_add_epi32(_mm256_castps_si256(t), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
GGMA_INLINE V16 pow2_biased(V16 t) { return {pow2_biased8(t.a), pow2_biased8(t.b)}; }
GGMA_INLINE float reduce_add(V16 v) {
  const __m256 s8 = _mm256_add_ps(v.a, v.b);
  const __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
  const __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
  return _mm_cvtss_f32(_mm_add_ss(s2, _mm_movehdup_ps(s2)));
}
GGMA_INLINE float reduce_max(V16 v) {
  const __m256 s8 = _mm256_max_ps(v.a, v.b);
  const __m128 s4 = _mm_max_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
  const __m128 s2 = _mm_max_ps(s4, _mm_movehl_ps(s4, s4));
  return _mm_cvtss_f32(_mm_max_ss(s2, _mm_movehdup_ps(s2)));
}
