/**
 * Proves what a mask means. The exported expression is written for 32 columns; its column numbers and fill values are
 * generalised to any length, and the expression is shown to be 0 exactly for max(0, p − W + 1) ≤ column ≤ p and ≤ −1e30
 * elsewhere: causal (no W), or a window of W. Anything else is refused.
 *
 * Why this is a proof: `mask-expression.ts` accepts only masks that are a function of d = column − p, and notes every
 * place where that function may change. Between two neighbouring places it is constant, so the values at the places
 * themselves are all that it has, for every position and any number of columns. (Masks that compare in f32 are exact for
 * positions below 2^24.)
 */
import type { Op, Value } from '../ir/graph/index.ts';
import { attempt, Mismatch } from '../ir/match/index.ts';
import { MaskReader } from './mask-expression.ts';

export type MaskMeaning =
  | { ok: true; window: number }
  /** `op`: the operator that is to blame; null when it is the mask as a whole. */
  | { ok: false; reason: string; op: Op | null };

/** window 0 means no limit. */
export function proveMask(mask: Value, position: Value): MaskMeaning {
  const result = attempt(() => windowOf(mask, new MaskReader(position)));
  return result.ok ? { ok: true, window: result.value } : result;
}

function windowOf(mask: Value, reader: MaskReader): number {
  const { at } = reader.steps(mask);
  const places = [...reader.marks].sort((a, b) => a - b);
  const open = new Set(places.filter((d) => isOpen(at(d), d)));
  if (places.some((d) => d > 0 && open.has(d))) throw new Mismatch('the mask lets a token see later ones');
  if (!open.has(0)) throw new Mismatch('the mask hides the token itself');
  const behind = places.filter((d) => d <= 0).reverse();
  const hidden = behind.findIndex((d) => !open.has(d));
  if (hidden < 0) return 0;
  // The value changes between two places only where these are neighbours, so the last open one is the window's edge.
  if (behind.slice(hidden).some((d) => open.has(d))) throw new Mismatch('the mask has a hole');
  return 1 - behind[hidden - 1]!;
}

function isOpen(value: number, d: number): boolean {
  if (value === 0) return true;
  if (value <= -1e30) return false;
  throw new Mismatch(`the mask is ${value} at column − position = ${d}, expected 0 or ≤ −1e30`);
}
