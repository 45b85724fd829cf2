/** Position tables: cos and sin of as many positions as are asked for, by the reference interpreter. */

import { compileOver, neededOps } from '../ir/evaluate/index.ts';
import { Graph, Module, type Value } from '../ir/graph/index.ts';
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
export function tabulate(
  { graph, position }: Pick<DecodeEntry, 'graph' | 'position'>,
  values: readonly Value[],
): PlanTable[] {
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

/**
 * What the tables need, as a module of its own: one graph from the position to their values, in order. It shares its
 * objects with the graph that it was taken from, and is there to be written.
 */
export function positionModule(
  { graph, position }: Pick<DecodeEntry, 'graph' | 'position'>,
  tables: readonly Value[],
): Module {
  const part = new Graph({ ...graph.attributes, name: 'positions' });
  part.ops = neededOps(graph, tables).map(({ op }) => op);
  part.inputs = [position];
  part.outputs = [...tables];
  part.values = [
    ...new Set([position, ...tables, ...part.ops.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])]),
  ].filter((value) => value !== null);
  const module = new Module();
  module.graphs = [part];
  return module;
}

/** {@link tabulate} of a {@link positionModule}. */
export function tabulatePositions({ graphs: [graph] }: Module): PlanTable[] {
  return tabulate({ graph: graph!, position: graph!.inputs[0]! }, graph!.outputs);
}
