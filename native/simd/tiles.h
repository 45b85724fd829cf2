// How a matrix product walks rows and panels. Tile is the inner kernel: Tile::run<R, P>(args, row, first,
// stride, from, to) adds columns from … to of R rows × P panels (first, first + stride, …) to what dst holds
// (from = 0: to nothing). Tile::kRows and Tile::kVectors: the largest R, and the largest R · P that stays in
// registers. Tile::kColumns: columns at a time, for the cache.

template <class Tile>
constexpr int tile_panels(int rows) {
  const int panels = Tile::kVectors / rows;
  return panels >= 4 ? 4 : panels >= 2 ? 2 : 1;
}

// P panels in lockstep out of P far-apart runs: memory serves several streams faster than one.
template <class Tile, int R>
GGMA_INLINE void tile_streams(const MatmulArgs* args, size_t begin, size_t end) {
  constexpr int P = tile_panels<Tile>(R);
  const size_t run = (end - begin) / P;
  for (size_t i = 0; i < run; i++) Tile::template run<R, P>(args, 0, begin + i, run, 0, args->inputs);
  for (size_t panel = begin + run * P; panel < end; panel++)
    Tile::template run<R, 1>(args, 0, panel, 0, 0, args->inputs);
}

template <class Tile, int P>
GGMA_INLINE void tile_some_rows(const MatmulArgs* args, size_t row, size_t rows, size_t panel, size_t from,
                                size_t to) {
  switch (rows) {
    case 6:
      if constexpr (Tile::kRows >= 6) return Tile::template run<6, P>(args, row, panel, 1, from, to);
      return;
    case 5:
      if constexpr (Tile::kRows >= 5) return Tile::template run<5, P>(args, row, panel, 1, from, to);
      return;
    case 4:
      if constexpr (Tile::kRows >= 4) return Tile::template run<4, P>(args, row, panel, 1, from, to);
      return;
    case 3:
      if constexpr (Tile::kRows >= 3) return Tile::template run<3, P>(args, row, panel, 1, from, to);
      return;
    case 2:
      return Tile::template run<2, P>(args, row, panel, 1, from, to);
    default:
      return Tile::template run<1, P>(args, row, panel, 1, from, to);
  }
}

// Every tile of rows against P panels that stay in the cache meanwhile.
template <class Tile, int P>
void tile_all_rows(const MatmulArgs* args, size_t panel, size_t from, size_t to) {
  size_t row = 0;
  while (row < args->rows) {
    size_t rows = args->rows - row;
    // A last tile of a row or two would run at a fraction of the speed: the last two share.
    if (rows >= 2 * Tile::kRows || rows == Tile::kRows) {
      rows = Tile::kRows;
    } else if (rows > Tile::kRows) {
      rows = (rows + 1) / 2;
    }
    tile_some_rows<Tile, P>(args, row, rows, panel, from, to);
    row += rows;
  }
}

template <class Tile>
GGMA_INLINE void tile_product(const MatmulArgs* args, size_t begin, size_t end) {
  switch (args->rows <= size_t{Tile::kRows} ? args->rows : 0) {
    case 1:
      return tile_streams<Tile, 1>(args, begin, end);
    case 2:
      return tile_streams<Tile, 2>(args, begin, end);
    case 3:
      if constexpr (Tile::kRows >= 3) return tile_streams<Tile, 3>(args, begin, end);
      break;
    case 4:
      if constexpr (Tile::kRows >= 4) return tile_streams<Tile, 4>(args, begin, end);
      break;
    case 5:
      if constexpr (Tile::kRows >= 5) return tile_streams<Tile, 5>(args, begin, end);
      break;
    case 6:
      if constexpr (Tile::kRows >= 6) return tile_streams<Tile, 6>(args, begin, end);
      break;
  }
  constexpr int P = tile_panels<Tile>(Tile::kRows);
  const size_t parts = (args->inputs + Tile::kColumns - 1) / Tile::kColumns;
  size_t panel = begin;
  for (; panel + P <= end; panel += P)
    for (size_t i = 0; i < parts; i++)
      tile_all_rows<Tile, P>(args, panel, args->inputs * i / parts, args->inputs * (i + 1) / parts);
  if constexpr (P > 1) {
    for (; panel < end; panel++)
      for (size_t i = 0; i < parts; i++)
        tile_all_rows<Tile, 1>(args, panel, args->inputs * i / parts, args->inputs * (i + 1) / parts);
  }
}

GGMA_INLINE V16 tile_start(const MatmulArgs* args, size_t row, size_t panel, size_t from) {
  if (from == 0) return zero();
  const float* dst = args->dst + row * args->outputs + panel * kLanes;
  const size_t left = args->outputs - panel * kLanes;
  return left >= kLanes ? load(dst) : load_n(dst, left);
}

GGMA_INLINE void tile_store(const MatmulArgs* args, size_t row, size_t panel, size_t to, V16 value) {
  if (args->bias && to == args->inputs) value = add(value, load(args->bias + panel * kLanes));
  float* dst = args->dst + row * args->outputs + panel * kLanes;
  const size_t left = args->outputs - panel * kLanes;
  if (left >= kLanes) {
    store(dst, value);
  } else {
    store_n(dst, value, left);
  }
}
