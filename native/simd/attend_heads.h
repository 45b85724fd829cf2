// Attention for heads narrower than a vector, with 16 kv heads in the lanes (kv_heads_in_lanes): all of it
// goes position by position, nothing is summed across lanes, and no position is computed that no row sees.
//
// K and V of a KV block: [kv_heads / 16, 64 positions, head_dim, 16 heads]; q and the sums: [head_dim, 16
// heads]. N: rows at a time, which share every load of K and V; their chains do not touch each other. G ≤ 4
// elements of head_dim at a time, whose vectors stay in registers.

// One row and query head of 16 groups.
struct HeadsRow {
  const float* q;   // [head_dim, 16]
  float* acc;       // [head_dim, 16]
  float* p;         // [64 positions, 16]: scores, then weights
  size_t from, to;  // positions from ≤ p < to
  V16 top, sum;     // the largest score so far, Σ 2^(score − top)
  V16 rescale;      // for this block: 2^(old top − new top)
  size_t lo, hi;    // this block's part of from … to
};

#define GGMA_SUMS_OF(DO, n) DO(n, 0, s##n##0) DO(n, 1, s##n##1) DO(n, 2, s##n##2) DO(n, 3, s##n##3)
#define GGMA_SUMS(DO) GGMA_SUMS_OF(DO, 0) GGMA_SUMS_OF(DO, 1) GGMA_SUMS_OF(DO, 2) GGMA_SUMS_OF(DO, 3)
#define GGMA_ROWS(DO) DO(0, p0) DO(1, p1) DO(2, p2) DO(3, p3)

// p = q · K over elements 0 … G − 1 (first) or p += the elements from `at` on: one serial chain over
// head_dim.
template <int N, int G, class T>
GGMA_INLINE void heads_scores_tile(const HeadsRow* rows, const T* key, size_t head_dim, size_t at,
                                   size_t from, size_t to) {
#define GGMA_TAKE(n, g, s) \
  V16 s = zero();          \
  if constexpr (n < N && g < G) s = load(rows[n].q + (at + g) * kLanes);
  GGMA_SUMS(GGMA_TAKE)
  const bool first = at == 0;
  const T* k = key + (from * head_dim + at) * kLanes;
  for (size_t t = from; t < to; t++, k += head_dim * kLanes) {
    const V16 k0 = load_kv(k);
    V16 k1 = k0, k2 = k0, k3 = k0;
    if constexpr (G > 1) k1 = load_kv(k + 16);
    if constexpr (G > 2) k2 = load_kv(k + 32);
    if constexpr (G > 3) k3 = load_kv(k + 48);
#define GGMA_SCORE(n, p_n)                                            \
  if constexpr (n < N) {                                              \
    float* p = rows[n].p + t * kLanes;                                \
    V16 score = first ? mul(s##n##0, k0) : fma(s##n##0, k0, load(p)); \
    if constexpr (G > 1) score = fma(s##n##1, k1, score);             \
    if constexpr (G > 2) score = fma(s##n##2, k2, score);             \
    if constexpr (G > 3) score = fma(s##n##3, k3, score);             \
    store(p, score);                                                  \
  }
    GGMA_ROWS(GGMA_SCORE)
  }
#undef GGMA_SCORE
#undef GGMA_TAKE
}

// acc [at …] = acc · rescale + Σ p · V over positions from … to, ascending.
template <int N, int G, class T>
GGMA_INLINE void heads_values_tile(const HeadsRow* rows, const T* value, size_t head_dim, size_t at,
                                   size_t from, size_t to, bool rescale) {
#define GGMA_TAKE(n, g, s)                     \
  V16 s = zero();                              \
  if constexpr (n < N && g < G) {              \
    s = load(rows[n].acc + (at + g) * kLanes); \
    if (rescale) s = mul(s, rows[n].rescale);  \
  }
#define GGMA_VALUE(n, g, s) \
  if constexpr (n < N && g < G) s = fma(p##n, v##g, s);
#define GGMA_GIVE(n, g, s) \
  if constexpr (n < N && g < G) store(rows[n].acc + (at + g) * kLanes, s);
#define GGMA_WEIGHT(n, p_n) \
  V16 p_n = zero();         \
  if constexpr (n < N) p_n = load(rows[n].p + t * kLanes);
  GGMA_SUMS(GGMA_TAKE)
  const T* v = value + (from * head_dim + at) * kLanes;
  for (size_t t = from; t < to; t++, v += head_dim * kLanes) {
    const V16 v0 = load_kv(v);
    V16 v1 = v0, v2 = v0, v3 = v0;
    if constexpr (G > 1) v1 = load_kv(v + 16);
    if constexpr (G > 2) v2 = load_kv(v + 32);
    if constexpr (G > 3) v3 = load_kv(v + 48);
    GGMA_ROWS(GGMA_WEIGHT)
    GGMA_SUMS(GGMA_VALUE)
  }
  GGMA_SUMS(GGMA_GIVE)
#undef GGMA_WEIGHT
#undef GGMA_GIVE
#undef GGMA_VALUE
#undef GGMA_TAKE
}
#undef GGMA_ROWS
#undef GGMA_SUMS
#undef GGMA_SUMS_OF

template <int N, class T>
GGMA_INLINE void heads_scores(const HeadsRow* rows, const T* key, size_t head_dim, size_t from, size_t to) {
  size_t at = 0;
  for (; at + 4 <= head_dim; at += 4) heads_scores_tile<N, 4>(rows, key, head_dim, at, from, to);
  for (; at < head_dim; at++) heads_scores_tile<N, 1>(rows, key, head_dim, at, from, to);
}

template <int N, class T>
GGMA_INLINE void heads_values(const HeadsRow* rows, const T* value, size_t head_dim, size_t from, size_t to,
                              bool rescale) {
  size_t at = 0;
  for (; at + 4 <= head_dim; at += 4) heads_values_tile<N, 4>(rows, value, head_dim, at, from, to, rescale);
  for (; at < head_dim; at++) heads_values_tile<N, 1>(rows, value, head_dim, at, from, to, rescale);
}

// Scores lo … hi − 1 → weights 2^(score − top), in place; top, rescale and sum are brought up to date.
GGMA_INLINE void heads_weights(HeadsRow& row) {
  V16 top0 = row.top, top1 = top0;
  size_t t = row.lo;
  for (; t + 2 <= row.hi; t += 2) {
    top0 = max(load(row.p + t * kLanes), top0);
    top1 = max(load(row.p + (t + 1) * kLanes), top1);
  }
  if (t < row.hi) top0 = max(load(row.p + t * kLanes), top0);
  const V16 top = max(top0, top1);
  // Before the first block the old top is −∞; what is rescaled is 0.
  row.rescale = exp2_negative16(sub(row.top, top));
  row.top = top;
  V16 sum = mul(row.sum, row.rescale);
  for (t = row.lo; t < row.hi; t++) {
    const V16 weight = exp2_negative16(sub(load(row.p + t * kLanes), top));
    store(row.p + t * kLanes, weight);
    sum = add(sum, weight);
  }
  row.sum = sum;
}

// N consecutive rows over one block: together as far as all of them see, the rest each by itself, in order.
template <int N, class T>
GGMA_INLINE void heads_block(HeadsRow* rows, const T* key, const T* value, size_t head_dim) {
  size_t from = rows[0].lo, to = rows[0].hi;
  for (int n = 1; n < N; n++) {
    if (rows[n].lo > from) from = rows[n].lo;
    if (rows[n].hi < to) to = rows[n].hi;
  }
  if (from > to) from = to = 0;
  const auto before = [&](const HeadsRow& row) {
    return row.lo < from ? (row.hi < from ? row.hi : from) : row.lo;
  };
  const auto behind = [&](const HeadsRow& row) { return row.lo > to ? row.lo : to; };
  if (from < to) heads_scores<N>(rows, key, head_dim, from, to);
  for (int n = 0; n < N; n++) {
    HeadsRow& row = rows[n];
    if (row.lo >= row.hi) continue;
    heads_scores<1>(&row, key, head_dim, row.lo, before(row));
    heads_scores<1>(&row, key, head_dim, behind(row), row.hi);
    heads_weights(row);
    heads_values<1>(&row, value, head_dim, row.lo, before(row), true);
  }
  if (from < to) heads_values<N>(rows, value, head_dim, from, to, false);
  for (int n = 0; n < N; n++)
    if (rows[n].lo < rows[n].hi)
      heads_values<1>(rows + n, value, head_dim, behind(rows[n]), rows[n].hi, false);
}
