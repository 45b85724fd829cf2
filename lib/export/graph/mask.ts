/** Which columns a row may look at: 0 where it may, HIDDEN where it must not. */
import { TensorType } from '../../circle/index.ts';
import type { Value } from '../../ir/graph/index.ts';
import type { Scope } from './scope.ts';

/** The smallest finite float32, which the reference adds to the score of a hidden column. Adding it twice would give −∞. */
const HIDDEN = -3.4028234663852886e38;

/** Masks by window; null is the causal mask without one. */
export type Masks = ReadonlyMap<number | null, Value>;

/** One mask for each window size that occurs among the layers. */
export function masksOf({ config }: Scope, make: (window: number | null) => Value): Masks {
  return new Map([...new Set(config.recipe.windows)].map((window) => [window, make(window)]));
}

/** Prefill: a constant [1, 1, rows, rows]. Row r sees columns max(0, r − window + 1) … r. */
export function maskConstant({ builder: b, owners }: Scope, rows: number, window: number | null): Value {
  const first = (row: number) => (window === null ? 0 : row - window + 1);
  const mask = new Float32Array(rows * rows);
  for (let i = 0; i < mask.length; i++) {
    const [row, column] = [Math.floor(i / rows), i % rows];
    mask[i] = column > row || column < first(row) ? HIDDEN : 0;
  }
  return b.floats(maskName(owners.attention, window), [1, 1, rows, rows], mask);
}

/**
 * Decode: [1, columns] of one position, INT64[1, 1]: HIDDEN · (column > position), and with a window also
 * HIDDEN · (column ≤ position − window). No column is both, so the sum stays finite.
 */
export function maskOfPosition(
  { builder: b, owners }: Scope,
  columns: { numbers: Value; fill: Value },
  position: Value,
  window: number | null,
): Value {
  const owner = owners.model;
  const hide = (condition: Value) =>
    b.mul(columns.fill, b.cast(condition, `${owner}::_to_copy_default`), `${owner}::mul`);
  const later = b.greater(columns.numbers, position, `${owner}::gt`);
  if (window === null) return hide(later);
  const edge = b.sub(position, b.long(`${owner}::window_${window}`, window), `${owner}::sub`);
  const before = b.lessEqual(columns.numbers, edge, `${owner}::le`);
  return b.add(hide(later), hide(before), `${owner}::mask`);
}

/** The constants of {@link maskOfPosition}: 0 … columns − 1, and HIDDEN for each column. */
export function maskColumns({ builder: b, owners }: Scope, columns: number): { numbers: Value; fill: Value } {
  const numbers = BigInt64Array.from({ length: columns }, (_, i) => BigInt(i));
  return {
    numbers: b.constant(
      `${owners.model}::columns`,
      [columns],
      new Uint8Array(numbers.buffer),
      TensorType.INT64,
    ),
    fill: b.floats(`${owners.model}::fill`, [1, columns], new Float32Array(columns).fill(HIDDEN)),
  };
}

function maskName(owner: string, window: number | null): string {
  return window === null ? `${owner}::causal_mask` : `${owner}::window_mask_${window}`;
}
