// The three parts of attention over one KV block of 64 positions, for queries that share its keys and values.
// T: what the cache holds, float or half (uint16_t). N: queries at a time, so that K and V are read once for
// all of them; their chains do not touch each other, so N changes no bit. Accumulators have names because gcc
// keeps arrays of them in memory.

GGMA_INLINE V16 load_kv(const float* p) { return load(p); }
GGMA_INLINE V16 load_kv(const uint16_t* p) { return load_f16(p); }

// DO(N) for n = 1 … 4: the count as a constant.
#define GGMA_FOR_COUNT(n, DO) \
  switch (n) {                \
    case 1:                   \
      DO(1)                   \
      break;                  \
    case 2:                   \
      DO(2)                   \
      break;                  \
    case 3:                   \
      DO(3)                   \
      break;                  \
    default:                  \
      DO(4)                   \
  }

// Asks for 16 G elements that are wanted a little later. K and V are read once a token and seldom lie in a
// cache: while one is worked on, the other comes. An address may lie behind the memory: nothing is read
// there.
template <int G, class T>
GGMA_INLINE void ask_for(const T* p) {
  constexpr int kLine = 64 / sizeof(T);
  __builtin_prefetch(p, 0, 2);
  if constexpr (G * 16 > kLine) __builtin_prefetch(p + kLine, 0, 2);
  if constexpr (G * 16 > 2 * kLine) __builtin_prefetch(p + 2 * kLine, 0, 2);
  if constexpr (G * 16 > 3 * kLine) __builtin_prefetch(p + 3 * kLine, 0, 2);
}

// One (row, head): what the softmax has seen so far.
struct AttentionQuery {
  const float* q;
  float* dst;
  size_t from, to;  // positions from ≤ p < to
  float top;        // the largest score so far; −∞ before the first block
  float rescale;    // for this block: 2^(old top − new top)
  V16 sum;          // Σ 2^(score − top), position mod 16 in the lanes
  int lo, hi;       // this block's part of from … to, counted from the block's start
};

// N × G sums: s<n><g>.
#define GGMA_SUMS_OF(DO, n) DO(n, 0, s##n##0) DO(n, 1, s##n##1) DO(n, 2, s##n##2) DO(n, 3, s##n##3)
#define GGMA_SUMS(DO) GGMA_SUMS_OF(DO, 0) GGMA_SUMS_OF(DO, 1) GGMA_SUMS_OF(DO, 2) GGMA_SUMS_OF(DO, 3)

// out[n][16 g …] = q[n] · K of G groups of 16 positions; key: K [head_dim, 64 positions] from the first on.
// ahead: as much memory that is wanted next.
template <int N, int G, bool Ahead, class T>
GGMA_INLINE void attend_scores_tile(const AttentionQuery* queries, const T* key, const T* ahead,
                                    size_t head_dim, float (*out)[kKvBlock], size_t at) {
  const float* q0 = queries[0].q;
  const float* q1 = queries[N > 1 ? 1 : 0].q;
  const float* q2 = queries[N > 2 ? 2 : 0].q;
  const float* q3 = queries[N > 3 ? 3 : 0].q;
#define GGMA_ZERO(n, g, s) V16 s = zero();
#define GGMA_SCORE(n, g, s) \
  if constexpr (n < N && g < G) s = fma(x##n, k##g, s);
#define GGMA_KEEP_SCORE(n, g, s) \
  if constexpr (n < N && g < G) store(out[n] + at + g * 16, s);
  GGMA_SUMS(GGMA_ZERO)
  for (size_t d = 0; d < head_dim; d++, key += kKvBlock) {
    if constexpr (Ahead) ask_for<G>(ahead + d * kKvBlock);
    const V16 k0 = load_kv(key);
    V16 k1 = k0, k2 = k0, k3 = k0;
    if constexpr (G > 1) k1 = load_kv(key + 16);
    if constexpr (G > 2) k2 = load_kv(key + 32);
    if constexpr (G > 3) k3 = load_kv(key + 48);
    const V16 x0 = set1(q0[d]);
    V16 x1 = x0, x2 = x0, x3 = x0;
    if constexpr (N > 1) x1 = set1(q1[d]);
    if constexpr (N > 2) x2 = set1(q2[d]);
    if constexpr (N > 3) x3 = set1(q3[d]);
    GGMA_SUMS(GGMA_SCORE)
  }
  GGMA_SUMS(GGMA_KEEP_SCORE)
#undef GGMA_KEEP_SCORE
#undef GGMA_SCORE
#undef GGMA_ZERO
}

// Groups first … end − 1 of a block, for N queries. Positions outside a query's lo … hi give garbage.
template <int N, bool Ahead, class T>
GGMA_INLINE void attend_scores(const AttentionQuery* queries, const T* key, const T* ahead, size_t head_dim,
                               size_t first, size_t end, float (*out)[kKvBlock]) {
  size_t g = first;
  for (; g + size_t{kAttendGroups} <= end; g += size_t{kAttendGroups})
    attend_scores_tile<N, kAttendGroups, Ahead>(queries, key + g * 16, ahead + g * 16, head_dim, out, g * 16);
  // What is left together as well: a single chain of sums would wait for each.
  if constexpr (kAttendGroups == 4) {
    if (end - g == 3)
      return attend_scores_tile<N, 3, Ahead>(queries, key + g * 16, ahead + g * 16, head_dim, out, g * 16);
    if (end - g == 2)
      return attend_scores_tile<N, 2, Ahead>(queries, key + g * 16, ahead + g * 16, head_dim, out, g * 16);
  }
  for (; g < end; g++)
    attend_scores_tile<N, 1, Ahead>(queries, key + g * 16, ahead + g * 16, head_dim, out, g * 16);
}

// Scores → weights 2^(score − top), 0 outside lo … hi, in place over the G groups that hold lo … hi; the
// query's top, rescale and sum are brought up to date.
template <int G>
GGMA_INLINE void attend_weights(AttentionQuery& query, float* p) {
  const int first = query.lo / 16 * 16, lo = query.lo - first, hi = query.hi - first;
  p += first;
  const bool ragged = lo > 0 || hi < G * 16;
  V16 s0 = load(p), s1 = s0, s2 = s0, s3 = s0;
  if constexpr (G > 1) s1 = load(p + 16);
  if constexpr (G > 2) s2 = load(p + 32);
  if constexpr (G > 3) s3 = load(p + 48);
#define GGMA_GROUPS(DO) DO(0, s0) DO(1, s1) DO(2, s2) DO(3, s3)
#define GGMA_MASK(i, s) \
  if constexpr (i < G) s = choose(lanes(lo - i * 16, hi - i * 16), s, set1(-__builtin_inff()));
  if (ragged) {
    GGMA_GROUPS(GGMA_MASK)
  }
  V16 highest = s0;
  if constexpr (G > 1) highest = max(highest, s1);
  if constexpr (G > 2) highest = max(highest, s2);
  if constexpr (G > 3) highest = max(highest, s3);
  const float block_top = reduce_max(highest);
  query.rescale = 1.0f;
  if (block_top > query.top) {
    if (query.top != -__builtin_inff()) {
      alignas(64) float lane[16];
      store(lane, exp2_negative16(set1(query.top - block_top)));
      query.rescale = lane[0];
      query.sum = mul(query.sum, set1(query.rescale));
    }
    query.top = block_top;
  }
  const V16 top = set1(query.top);
#define GGMA_WEIGHT(i, s) \
  if constexpr (i < G) s = exp2_negative16(sub(s, top));
  GGMA_GROUPS(GGMA_WEIGHT)
#define GGMA_KEEP(i, s) \
  if constexpr (i < G) s = keep(lanes(lo - i * 16, hi - i * 16), s);
  if (ragged) {
    GGMA_GROUPS(GGMA_KEEP)  // 2^−126 is not 0
  }
#define GGMA_SUM(i, s)             \
  if constexpr (i < G) {           \
    query.sum = add(query.sum, s); \
    store(p + i * 16, s);          \
  }
  GGMA_GROUPS(GGMA_SUM)
#undef GGMA_SUM
#undef GGMA_KEEP
#undef GGMA_WEIGHT
#undef GGMA_MASK
#undef GGMA_GROUPS
}

// head_dim ≥ 16, V [64 positions, wide]: 16 D elements of each acc[n] [wide] = acc[n] · rescale[n] +
// Σ p[n][position] · V[position], a serial chain over `count` positions.
template <int N, int D, bool Ahead, class T>
GGMA_INLINE void attend_values_tile(float* acc, const float* const* p, const T* value, const T* ahead,
                                    int count, size_t wide, const float* rescale) {
#define GGMA_TAKE(n, d, s) \
  V16 s = zero();          \
  if constexpr (n < N && d < D) s = mul(load(acc + n * wide + d * 16), set1(rescale[n]));
#define GGMA_VALUE(n, d, s) \
  if constexpr (n < N && d < D) s = fma(x##n, v##d, s);
#define GGMA_GIVE(n, d, s) \
  if constexpr (n < N && d < D) store(acc + n * wide + d * 16, s);
  GGMA_SUMS(GGMA_TAKE)
  for (int i = 0; i < count; i++, value += wide) {
    if constexpr (Ahead) ask_for<D>(ahead + static_cast<size_t>(i) * wide);
    const V16 v0 = load_kv(value);
    V16 v1 = v0, v2 = v0, v3 = v0;
    if constexpr (D > 1) v1 = load_kv(value + 16);
    if constexpr (D > 2) v2 = load_kv(value + 32);
    if constexpr (D > 3) v3 = load_kv(value + 48);
    const V16 x0 = set1(p[0][i]);
    V16 x1 = x0, x2 = x0, x3 = x0;
    if constexpr (N > 1) x1 = set1(p[1][i]);
    if constexpr (N > 2) x2 = set1(p[2][i]);
    if constexpr (N > 3) x3 = set1(p[3][i]);
    GGMA_SUMS(GGMA_VALUE)
  }
  GGMA_SUMS(GGMA_GIVE)
#undef GGMA_GIVE
#undef GGMA_VALUE
#undef GGMA_TAKE
}
#undef GGMA_SUMS
#undef GGMA_SUMS_OF

// Positions from … to of the block; acc [N, wide], p [N, 64]; ahead: what is wanted after this block's V.
template <int N, bool Ahead, class T>
GGMA_INLINE void attend_values(float* acc, const float (*p)[kKvBlock], const T* value, const T* ahead,
                               int from, int to, size_t wide, const float* rescale) {
  const float* weights[4] = {p[0] + from, p[N > 1 ? 1 : 0] + from, p[N > 2 ? 2 : 0] + from,
                             p[N > 3 ? 3 : 0] + from};
  value += static_cast<size_t>(from) * wide;
  const int count = to - from;
  constexpr int D = kAttendGroups;
  size_t d = 0;
  for (; d + D * 16 <= wide; d += D * 16)
    attend_values_tile<N, D, Ahead>(acc + d, weights, value + d, ahead + d, count, wide, rescale);
  if constexpr (D == 4) {  // as above
    if (wide - d == 48)
      return attend_values_tile<N, 3, Ahead>(acc + d, weights, value + d, ahead + d, count, wide, rescale);
    if (wide - d == 32)
      return attend_values_tile<N, 2, Ahead>(acc + d, weights, value + d, ahead + d, count, wide, rescale);
  }
  for (; d < wide; d += 16)
    attend_values_tile<N, 1, Ahead>(acc + d, weights, value + d, ahead + d, count, wide, rescale);
}

// head_dim < 16, V [head_dim, 64 positions]: acc [head_dim, 16] with positions mod 16 in the lanes, over the
// G groups that hold lo … hi.
template <int G, class T>
GGMA_INLINE void attend_narrow(const AttentionQuery& query, float* acc, const float* p, const T* value,
                               size_t head_dim) {
  const int first = query.lo / 16 * 16, lo = query.lo - first, hi = query.hi - first;
  const V16 rescale = set1(query.rescale), every = lanes(0, 16);
  p += first;
  value += first;
  const V16 p0 = load(p), p1 = G > 1 ? load(p + 16) : p0, p2 = G > 2 ? load(p + 32) : p0,
            p3 = G > 3 ? load(p + 48) : p0;
  // 0 · NaN is NaN: a lane outside the window must not reach the sum.
  const bool ragged = lo > 0 || hi < G * 16;
  const V16 m0 = ragged ? lanes(lo, hi) : every, m1 = ragged ? lanes(lo - 16, hi - 16) : every,
            m2 = ragged ? lanes(lo - 32, hi - 32) : every, m3 = ragged ? lanes(lo - 48, hi - 48) : every;
  for (size_t d = 0; d < head_dim; d++, value += kKvBlock, acc += 16) {
    V16 a = mul(load(acc), rescale);
    a = fma(p0, keep(m0, load_kv(value)), a);
    if constexpr (G > 1) a = fma(p1, keep(m1, load_kv(value + 16)), a);
    if constexpr (G > 2) a = fma(p2, keep(m2, load_kv(value + 32)), a);
    if constexpr (G > 3) a = fma(p3, keep(m3, load_kv(value + 48)), a);
    store(acc, a);
  }
}

// The same for four queries that see the whole block: V is read once.
template <class T>
GGMA_INLINE void attend_narrow_whole(const AttentionQuery* queries, float* acc, const float (*p)[kKvBlock],
                                     const T* value, size_t head_dim) {
  const size_t wide = head_dim * 16;
  const V16 r0 = set1(queries[0].rescale), r1 = set1(queries[1].rescale), r2 = set1(queries[2].rescale),
            r3 = set1(queries[3].rescale);
  for (size_t d = 0; d < head_dim; d++, value += kKvBlock, acc += 16) {
    V16 a0 = mul(load(acc), r0), a1 = mul(load(acc + wide), r1), a2 = mul(load(acc + 2 * wide), r2),
        a3 = mul(load(acc + 3 * wide), r3);
    for (size_t g = 0; g < kKvBlock; g += 16) {
      const V16 v = load_kv(value + g);
      a0 = fma(load(p[0] + g), v, a0);
      a1 = fma(load(p[1] + g), v, a1);
      a2 = fma(load(p[2] + g), v, a2);
      a3 = fma(load(p[3] + g), v, a3);
    }
    store(acc, a0);
    store(acc + wide, a1);
    store(acc + 2 * wide, a2);
    store(acc + 3 * wide, a3);
  }
}
