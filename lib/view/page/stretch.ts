/**
 * Makes room in a finished layout. A block that unfolds pushes everything else apart along one axis: a function maps
 * positions and never brings two of them closer, so boxes that did not overlap before cannot overlap now.
 */

/** Something that lay within [from, to] and is `size` long now, at least to - from. */
export interface Grown {
  from: number;
  to: number;
  size: number;
}

/** Maps a position of the layout to where it is now. */
export type Stretch = (at: number) => number;

/**
 * Where intervals overlap, the one that grows most decides, so that twenty unfolded layers in one column make the column
 * as wide as one of them.
 */
export function stretchOf(grown: readonly Grown[]): Stretch {
  const cuts = [...new Set(grown.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const pieces: { from: number; to: number; pace: number; at: number }[] = [];
  let shift = 0;
  for (let i = 1; i < cuts.length; i++) {
    const [from, to] = [cuts[i - 1]!, cuts[i]!];
    const paces = grown.filter((g) => g.from <= from && g.to >= to).map((g) => g.size / (g.to - g.from));
    const pace = Math.max(1, ...paces);
    pieces.push({ from, to, pace, at: from + shift });
    shift += (pace - 1) * (to - from);
  }
  return (at) => {
    const piece = pieces.findLast(({ from }) => from <= at);
    if (!piece) return at;
    const inside = Math.min(at, piece.to) - piece.from;
    return piece.at + inside * piece.pace + Math.max(0, at - piece.to);
  };
}
