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

GGMA_INLINE __m128i load_8_halves(const uint16_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
GGMA_INLINE V16 load_f16(const uint16_t* p) {
  return {_mm256_cvtph_ps(load_8_halves(p)), _mm256_cvtph_ps(load_8_halves(p + 8))};
}
// Three instructions instead of six when lanes may lie as 0 … 3, 8 … 11 and 4 … 7, 12 … 15.
GGMA_INLINE V16 load_bf16(const uint16_t* p) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
                zeros = _mm256_setzero_si256();
  return {_mm256_castsi256_ps(_mm256_unpacklo_epi16(zeros, halves)),
          _mm256_castsi256_ps(_mm256_unpackhi_epi16(zeros, halves))};
}
GGMA_INLINE V16 bf16_lanes(V16 v) {
  return {_mm256_permute2f128_ps(v.a, v.b, 0x20), _mm256_permute2f128_ps(v.a, v.b, 0x31)};
}
GGMA_INLINE void store_f16(uint16_t* p, V16 v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v.a, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(v.b, _MM_FROUND_TO_NEAREST_INT));
}
GGMA_INLINE void store_low_bytes(int8_t* p, V16 v) {
  const __m256i low = _mm256_set1_epi32(0xff);
  const __m256i words = _mm256_packus_epi32(_mm256_and_si256(_mm256_castps_si256(v.a), low),
                                            _mm256_and_si256(_mm256_castps_si256(v.b), low));
  // Lanes 0–3, 8–11 | 4–7, 12–15: packing works in halves of the register.
  const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);
  const __m128i bytes =
      _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
}

// 16 registers: 12 accumulators, 2 for the weights, 1 for x.
constexpr int kFloatTile = 6, kFloatRows = 6;
constexpr int kInt8Tile = 4, kInt8Rows = 4;
constexpr size_t kAttendQueries = 2;
constexpr int kAttendGroups = 2;

GGMA_INLINE __m256i load_32_bytes(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
GGMA_INLINE __m256i broadcast_4_bytes(const int8_t* p) {
  int32_t word;
  __builtin_memcpy(&word, p, 4);
  return _mm256_set1_epi32(word);
}
struct Sums16 {
  __m256i a, b;
};
struct Q8 {
  static constexpr size_t kBytes = 512, kVectors = 8, kParts = 1;
  using Sums = Sums16;
  // maddubs wants unsigned · signed: |w| · (x with w's sign). At most 128 · 127 · 2 in 16 bits.
  struct Weights {
    __m256i a, b, size_a, size_b;
  };
  GGMA_INLINE static Weights load(const uint8_t* p, size_t) {
    const __m256i a = load_32_bytes(p), b = load_32_bytes(p + 32);
    return {a, b, _mm256_abs_epi8(a), _mm256_abs_epi8(b)};
  }
  GGMA_INLINE static Sums start(const QuantBlock*) {
    return {_mm256_setzero_si256(), _mm256_setzero_si256()};
  }
  GGMA_INLINE static __m256i pairs(__m256i size, __m256i w, __m256i x) {
    return _mm256_madd_epi16(_mm256_maddubs_epi16(size, _mm256_sign_epi8(x, w)), _mm256_set1_epi16(1));
  }
  GGMA_INLINE static Sums dot(Sums sums, Weights w, const int8_t* p) {
    const __m256i x = broadcast_4_bytes(p);
    return {_mm256_add_epi32(sums.a, pairs(w.size_a, w.a, x)),
            _mm256_add_epi32(sums.b, pairs(w.size_b, w.b, x))};
  }
  GGMA_INLINE static V16 finish(Sums sums, const QuantBlock*) {
    return {_mm256_cvtepi32_ps(sums.a), _mm256_cvtepi32_ps(sums.b)};
  }
};
struct Q4 {
  static constexpr size_t kBytes = 256, kVectors = 4, kParts = 2;
  using Sums = Sums16;  // 16-bit lanes: 16 products of at most 15 · 128 fit
  struct Weights {
    __m256i a, b;
  };
  GGMA_INLINE static __m256i nibbles(__m256i bytes, size_t part) {
    return _mm256_and_si256(part ? _mm256_srli_epi16(bytes, 4) : bytes, _mm256_set1_epi8(15));
  }
  GGMA_INLINE static Weights load(const uint8_t* p, size_t part) {
    return {nibbles(load_32_bytes(p), part), nibbles(load_32_bytes(p + 32), part)};
  }
  GGMA_INLINE static Sums start(const QuantBlock*) {
    return {_mm256_setzero_si256(), _mm256_setzero_si256()};
  }
  GGMA_INLINE static Sums dot(Sums sums, Weights w, const int8_t* p) {
    const __m256i x = broadcast_4_bytes(p);
    return {_mm256_add_epi16(sums.a, _mm256_maddubs_epi16(w.a, x)),
            _mm256_add_epi16(sums.b, _mm256_maddubs_epi16(w.b, x))};
  }
  GGMA_INLINE static V16 finish(Sums sums, const QuantBlock* x) {
    const __m256i ones = _mm256_set1_epi16(1), offset = _mm256_set1_epi32(x->q4_offset);
    return {_mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_madd_epi16(sums.a, ones), offset)),
            _mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_madd_epi16(sums.b, ones), offset))};
  }
};
