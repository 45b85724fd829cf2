// Attention of one kv head at a time: up to sixteen queries that share its keys and values go through the KV
// blocks of their sequence (kernels/attention.inc has the order of every reduction). T: what the cache holds,
// float or half (uint16_t).

constexpr size_t kQueries = 16;  // queries that share one pass over K and V

GGMA_INLINE void attention_finish(const AttentionQuery& query, const float* acc, size_t head_dim) {
  const float norm = 1.0f / reduce_add(query.sum);
  if (head_dim < kLanes) {
    for (size_t d = 0; d < head_dim; d++) query.dst[d] = reduce_add(load(acc + d * 16)) * norm;
    return;
  }
  const V16 n = set1(norm);
  size_t d = 0;
  for (; d + 16 <= head_dim; d += 16) store(query.dst + d, mul(load(acc + d), n));
  if (d < head_dim) store_n(query.dst + d, mul(load(acc + d), n), head_dim - d);
}

// Weights of each active query over one block; then its values, in the order that `args` needs. next: what is
// read after this block.
template <class T>
GGMA_INLINE void attention_block(AttentionQuery* queries, size_t count, float* acc, float (*p)[kKvBlock],
                                 const T* key, const T* value, const T* next, size_t head_dim, size_t wide) {
  for (size_t i = 0; i < count;) {
    const size_t n = count - i >= kAttendQueries ? kAttendQueries : count - i;
    size_t first = kKvBlock, end = 0;
    for (size_t j = i; j < i + n; j++) {
      const size_t lo = static_cast<size_t>(queries[j].lo) / 16,
                   hi = (static_cast<size_t>(queries[j].hi) + 15) / 16;
      if (lo < first) first = lo;
      if (hi > end) end = hi;
    }
    // The first queries bring the values, for all.
#define GGMA_SCORES(N)                                                               \
  if constexpr (N <= kAttendQueries) {                                               \
    if (i == 0) {                                                                    \
      attend_scores<N, true>(queries + i, key, value, head_dim, first, end, p + i);  \
    } else {                                                                         \
      attend_scores<N, false>(queries + i, key, value, head_dim, first, end, p + i); \
    }                                                                                \
  }
    GGMA_FOR_COUNT(n, GGMA_SCORES)
#undef GGMA_SCORES
    i += n;
  }
  const auto groups = [&](size_t i) { return (queries[i].hi + 15) / 16 - queries[i].lo / 16; };
  for (size_t i = 0; i < count; i++) {
    switch (groups(i)) {
      case 1:
        attend_weights<1>(queries[i], p[i]);
        break;
      case 2:
        attend_weights<2>(queries[i], p[i]);
        break;
      case 3:
        attend_weights<3>(queries[i], p[i]);
        break;
      default:
        attend_weights<4>(queries[i], p[i]);
    }
  }
  if (head_dim < kLanes) {
    const auto whole = [&](size_t i) { return queries[i].lo == 0 && queries[i].hi == kKvBlock; };
    for (size_t i = 0; i < count; i++) {
      float* a = acc + i * wide;
      if (i + 4 <= count && whole(i) && whole(i + 1) && whole(i + 2) && whole(i + 3)) {
        attend_narrow_whole(queries + i, a, p + i, value, head_dim);
        i += 3;
        continue;
      }
      switch (groups(i)) {
        case 1:
          attend_narrow<1>(queries[i], a, p[i], value, head_dim);
          break;
        case 2:
          attend_narrow<2>(queries[i], a, p[i], value, head_dim);
          break;
        case 3:
          attend_narrow<3>(queries[i], a, p[i], value, head_dim);
          break;
        default:
          attend_narrow<4>(queries[i], a, p[i], value, head_dim);
      }
    }
    return;
  }
  for (size_t i = 0; i < count;) {
    // Together as far as all of them see, then each its own rest.
    size_t n = count - i >= kAttendQueries ? kAttendQueries : count - i;
    for (size_t j = i + 1; j < i + n; j++)
      if (queries[j].lo != queries[i].lo) n = 1;
    float rescale[4];
    int together = queries[i].hi;
    for (size_t j = 0; j < n; j++) {
      rescale[j] = queries[i + j].rescale;
      if (queries[i + j].hi < together) together = queries[i + j].hi;
    }
    const int lo = queries[i].lo;
#define GGMA_VALUES(N)                                                                          \
  if constexpr (N <= kAttendQueries) {                                                          \
    if (i == 0) {                                                                               \
      attend_values<N, true>(acc + i * wide, p + i, value, next, lo, together, wide, rescale);  \
    } else {                                                                                    \
      attend_values<N, false>(acc + i * wide, p + i, value, next, lo, together, wide, rescale); \
    }                                                                                           \
  }
    GGMA_FOR_COUNT(n, GGMA_VALUES)
#undef GGMA_VALUES
    const float one = 1.0f;
    for (size_t j = i; j < i + n; j++)
      if (queries[j].hi > together)
        attend_values<1, false>(acc + j * wide, p + j, value, next, together, queries[j].hi, wide, &one);
    i += n;
  }
}

// Queries of one kv head, rows ascending: the first begins first and the last ends last.
template <class T>
void attention_queries(const AttentionArgs* args, const AttentionTile& tile, size_t kv_head,
                       AttentionQuery* queries, size_t count) {
  const size_t head_dim = args->head_dim;
  const bool narrow = head_dim < kLanes;
  const size_t wide = narrow ? kLanes * head_dim : round_up(head_dim, kLanes);  // floats of one accumulator
  alignas(64) float acc[kQueries * kMaxHeadDim];
  alignas(64) float p[kQueries][kKvBlock];
  for (size_t i = 0; i < count * wide; i++) acc[i] = 0.0f;
  const size_t key_at = args->k_offset + kv_head * head_dim * kKvBlock;
  const size_t value_at = args->v_offset + kv_head * (narrow ? head_dim : wide) * kKvBlock;
  const size_t last = (queries[count - 1].to - 1) / kKvBlock;
  for (size_t block = queries[0].from / kKvBlock; block <= last; block++) {
    const T* memory = static_cast<const T*>(tile.blocks[block]);
    const size_t start = block * kKvBlock;
    // Queries that see something of the block: consecutive ones.
    size_t first = count, end = 0;
    for (size_t i = 0; i < count; i++) {
      AttentionQuery& query = queries[i];
      query.lo = static_cast<int>(query.from > start ? query.from - start : 0);
      query.hi = static_cast<int>(query.to > start + kKvBlock ? kKvBlock
                                  : query.to > start          ? query.to - start
                                                              : 0);
      if (query.lo >= query.hi) continue;
      if (first == count) first = i;
      end = i + 1;
    }
    // Behind the last block comes the next head's first one.
    const T* next = block < last ? static_cast<const T*>(tile.blocks[block + 1]) + key_at
                                 : static_cast<const T*>(tile.blocks[queries[0].from / kKvBlock]) + key_at +
                                       head_dim * kKvBlock;
    attention_block(queries + first, end - first, acc + first * wide, p + first, memory + key_at,
                    memory + value_at, next, head_dim, wide);
  }
  for (size_t i = 0; i < count; i++) attention_finish(queries[i], acc + i * wide, head_dim);
}

// T: what the cache holds.
template <class T>
GGMA_INLINE void attend(const AttentionArgs* args, size_t begin, size_t end) {
  const size_t head_dim = args->head_dim, group = args->heads / args->kv_heads;
  AttentionQuery queries[kQueries];
  for (size_t unit = begin; unit < end; unit++) {
    const AttentionTile& tile = args->tiles[unit / args->kv_heads];
    const size_t kv_head = unit % args->kv_heads, total = tile.rows * group;
    for (size_t at = 0; at < total; at += kQueries) {
      const size_t count = total - at < kQueries ? total - at : kQueries;
      for (size_t i = 0; i < count; i++) {
        const size_t row = tile.first + (at + i) / group, head = kv_head * group + (at + i) % group;
        const size_t place = (row * args->heads + head) * head_dim;
        const size_t to = static_cast<size_t>(args->positions[row]) + 1;
        const size_t from = args->window != 0 && to > args->window ? to - args->window : 0;
        queries[i] = {args->q + place, args->dst + place, from, to, -__builtin_inff(), 1.0f, zero(), 0, 0};
      }
      attention_queries<T>(args, tile, kv_head, queries, count);
    }
  }
}
