/** How far one set of logits is from another, and how well each foretells a text. */

export interface Quality {
  perplexity: number;
  /** Mean over positions of Σ p·log(p / q), in nats; p: the exact model's. */
  divergence: number;
  /** Share of positions with the same most likely token. */
  agreement: number;
}

/** log of the softmax of one row of logits, in float64. */
function logSoftmax(logits: Float32Array): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (const x of logits) top = Math.max(top, x);
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - top);
  const shift = top + Math.log(sum);
  return Float64Array.from(logits, (x) => x - shift);
}

const argmax = (row: Float64Array): number => row.reduce((best, x, i) => (x > row[best]! ? i : best), 0);

/** `exact` and `made` are [tokens, vocabulary] for each of `sequences`; the last position of each foretells nothing. */
export function compare(
  sequences: readonly number[][],
  exact: readonly Float32Array[],
  made: readonly Float32Array[],
): Quality {
  let [positions, loss, divergence, same] = [0, 0, 0, 0];
  sequences.forEach((ids, s) => {
    const vocab = exact[s]!.length / ids.length;
    const row = (rows: Float32Array, i: number) => logSoftmax(rows.subarray(i * vocab, (i + 1) * vocab));
    for (let i = 0; i + 1 < ids.length; i++) {
      const [p, q] = [row(exact[s]!, i), row(made[s]!, i)];
      loss -= q[ids[i + 1]!]!;
      for (let j = 0; j < vocab; j++) divergence += Math.exp(p[j]!) * (p[j]! - q[j]!);
      if (argmax(p) === argmax(q)) same++;
      positions++;
    }
  });
  return {
    perplexity: Math.exp(loss / positions),
    divergence: divergence / positions,
    agreement: same / positions,
  };
}

/**
 * Ours beside theirs at the same dtype. `within`: perplexity and divergence are at most 1 % above theirs. Of the
 * perplexity above the exact model's only the ratio of two gains says something; null where theirs is none.
 */
export function beside(ours: Quality, theirs: Quality, exact: number) {
  const excess = theirs.perplexity - exact;
  const significant = Math.abs(excess) > 1e-5 * exact;
  return {
    perplexityRatio: ours.perplexity / theirs.perplexity,
    excessRatio: significant ? (ours.perplexity - exact) / excess : null,
    divergenceRatio: theirs.divergence > 1e-9 ? ours.divergence / theirs.divergence : null,
    within:
      ours.perplexity <= 1.01 * theirs.perplexity &&
      (ours.divergence <= 1.01 * theirs.divergence || ours.divergence <= 1e-9),
  };
}
