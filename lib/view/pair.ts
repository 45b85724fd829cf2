/** Which subgraph of one model is which of another: by signature, then by what they compute. */
import type { Graph, Module } from '../ir/graph.ts';
import { titleOf } from './describe.ts';
import type { Pair } from './scene.ts';

/** Every graph of both, in the second's order; graphs that only the first has follow. */
export function pairGraphs(before: Module, after: Module): Pair<Graph>[] {
  const [left, right] = [before, after].map((module) =>
    module.graphs.map((graph) => ({ graph, keys: keysOf(module, graph), operators: countOperators(graph) })),
  ) as [Described[], Described[]];
  const candidates = left.flatMap((a, i) =>
    right.map((b, j) => ({ a, b, score: likeness(a, b), distance: Math.abs(i - j) })),
  );
  candidates.sort((p, q) => q.score - p.score || p.distance - q.distance);
  const partner = new Map<Graph, Graph>();
  const used = new Set<Graph>();
  for (const { a, b, score } of candidates) {
    if (score === 0 || used.has(a.graph) || partner.has(b.graph)) continue;
    partner.set(b.graph, a.graph);
    used.add(a.graph);
  }
  return [
    ...after.graphs.map((graph) => ({ before: partner.get(graph) ?? null, after: graph })),
    ...before.graphs.filter((graph) => !used.has(graph)).map((graph) => ({ before: graph, after: null })),
  ];
}

interface Described {
  graph: Graph;
  keys: Set<string>;
  operators: Map<string, number>;
}

function keysOf(module: Module, graph: Graph): Set<string> {
  return new Set((module.signatures ?? []).filter((s) => s.graph === graph).map(({ key }) => key ?? ''));
}

/** Operators by kind and name of their output; a graph without any still resembles another such. */
function countOperators(graph: Graph): Map<string, number> {
  const counts = new Map<string, number>([['graph', 1]]);
  for (const op of graph.ops)
    for (const label of [titleOf(op), `${titleOf(op)} ${op.output?.name}`])
      counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function likeness(a: Described, b: Described): number {
  if ([...a.keys].some((key) => b.keys.has(key))) return Number.POSITIVE_INFINITY;
  let common = 0;
  for (const [label, n] of a.operators) common += Math.min(n, b.operators.get(label) ?? 0);
  return common;
}
