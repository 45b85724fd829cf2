/** Position tables: cos and sin of as many positions as are asked for, by the reference interpreter. */
import { compileOver } from '../ir/evaluate.ts';
import type { Value } from '../ir/graph.ts';
import type { DecodeEntry } from './entry.ts';

/** A position-dependent row vector that kernels look up, such as cos and sin of RoPE. */
export interface PlanTable {
  width: number;
  /** Rows of positions firstPosition, firstPosition + 1, …: [count, width]. Not to be written to. */
  evaluate(firstPosition: number, count: number): Float32Array;
}

/**
 * A table for each value of the position alone. The values share most of their operators, so the rows of all of them
 * are computed when the first is asked for; the last block is kept for the others.
 */
export function tabulate({ graph, position }: DecodeEntry, values: readonly Value[]): PlanTable[] {
  const tabulation = compileOver(graph, values, position);
  let last = { first: -1, count: -1, rows: [] as Float32Array[] };
  const block = (first: number, count: number): Float32Array[] => {
    if (last.first !== first || last.count !== count)
      last = { first, count, rows: tabulation(Array.from({ length: count }, (_, i) => first + i)) };
    return last.rows;
  };
  // An operator that the interpreter does not know is found now, not in the middle of a generation.
  if (values.length > 0) block(0, 1);
  return values.map((value, i) => ({
    width: value.shape.at(-1) ?? 1,
    evaluate: (first, count) => block(first, count)[i]!,
  }));
}
