// The small vector contract that kernels are written against: V16, sixteen float lanes on every instruction
// set (one register, two, four, or an array). Included inside an anonymous namespace after the instruction
// set's own header, which provides
//
//   V16 load(p)  load_n(p, n)            n < 16: lanes n.. are 0 and their memory is not read
//   store(p, v)  store_n(p, v, n)        n < 16: memory of lanes n.. is not written
//   V16 zero()  set1(x)
//   V16 add sub mul div (a, b)           one rounding each
//   V16 fma(a, b, c)                     a·b + c, one rounding
//   V16 max(a, b)                        a > b ? a : b in each lane (b when one is NaN)
//   V16 select_lt(a, b, x, y)            a < b ? x : y in each lane
//   V16 lanes(lo, hi)                    mask: all bits set in lanes lo ≤ i < hi, none elsewhere
//   V16 keep(m, v)                       v where the mask is set, 0 elsewhere
//   V16 choose(m, x, y)                  x where the mask is set, y elsewhere
//   V16 pow2_biased(t)                   2^n for t = n + kRoundBias, −126 ≤ n ≤ 127
//   float reduce_add(v)  reduce_max(v)   lanes i and i+8, then i+4, i+2, i+1: the same tree everywhere
//   float fma1(a, b, c)                  the scalar a·b + c, one rounding
//   V16 load_f16(p)  load_bf16(p)        sixteen halves, widened: exact; the lanes of bf16 in an order of its
//   own V16 bf16_lanes(v)                    from plain lanes to that order, and back store_f16(p, v) rounded
//   to nearest, ties to even store_low_bytes(p, v)                the low byte of each lane's bits
//
// and for matrix products:
//
//   kFloatRows, kFloatTile               rows of a tile; rows · panels whose accumulators stay in registers
//   kInt8Rows, kInt8Tile                 the same for int8
//   kAttendQueries, kAttendGroups        queries · vectors of K or V whose sums stay in registers
//   Q8, Q4                               sums of int8 products over one block of 32 columns: kVectors vectors
//                                        of kParts groups; dot adds 4 columns of 16 rows times 4 of x. Exact.
//
// Every operation is exact or correctly rounded, so a kernel gives the same bits on all of them.

constexpr float kRoundBias = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer, kept in the low bits

// e^x within 1 ulp or so; 0 below −87.3, e^88.37 above 88.37; NaN stays NaN. Cephes' polynomial, for |r| of
// at most half of ln 2.
GGMA_INLINE V16 exp16(V16 x) {
  const V16 low = set1(-87.336f);
  // The clamps return their second argument for NaN.
  const V16 c = max(low, select_lt(set1(88.37f), x, set1(88.37f), x));
  const V16 t = fma(c, set1(1.44269504088896341f), set1(kRoundBias));
  const V16 n = sub(t, set1(kRoundBias));
  V16 r = fma(n, set1(-0.693359375f), c);
  r = fma(n, set1(2.12194440e-4f), r);
  V16 p = set1(1.9875691500e-4f);
  p = fma(p, r, set1(1.3981999507e-3f));
  p = fma(p, r, set1(8.3334519073e-3f));
  p = fma(p, r, set1(4.1665795894e-2f));
  p = fma(p, r, set1(1.6666665459e-1f));
  p = fma(p, r, set1(5.0000001201e-1f));
  p = add(fma(p, mul(r, r), r), set1(1.0f));
  return select_lt(x, low, zero(), mul(p, pow2_biased(t)));
}

// x / (1 + e^−x)
GGMA_INLINE V16 silu16(V16 x) { return div(x, add(set1(1.0f), exp16(sub(zero(), x)))); }

// 2^x for x ≤ 0, within 2.5 ulp; 2^−126 below −126; NaN stays NaN. A least-maximum fit of degree 5, exact at
// 0, for |r| of at most 1/2.
GGMA_INLINE V16 exp2_negative16(V16 x) {
  const V16 c = max(set1(-126.0f), x);
  const V16 t = add(c, set1(kRoundBias));
  const V16 r = sub(c, sub(t, set1(kRoundBias)));
  V16 p = set1(0.0013264728477224708f);
  p = fma(p, r, set1(0.009671513922512531f));
  p = fma(p, r, set1(0.05550733581185341f));
  p = fma(p, r, set1(0.24022242426872253f));
  p = fma(p, r, set1(0.6931470036506653f));
  p = fma(p, r, set1(1.0f));
  return mul(p, pow2_biased(t));
}
