/** Which subgraph of one model is which of another: by signature, then by what they compute. */
import type { Graph, Module } from '../ir/graph/index.ts';
import { titleOf, typeText } from './describe.ts';
import type { Pair } from './scene.ts';

/** Every graph of both, in the second's order; graphs that only the first has follow. */
export function pairGraphs(before: Module, after: Module): Pair<Graph>[] {
  const [left, right] = [before, after].map((module) =>
    module.graphs.map((graph) => describe(module, graph)),
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
  inputs: { names: Map<string, number>; types: Map<string, number> };
}

function describe(module: Module, graph: Graph): Described {
  const signatures = (module.signatures ?? []).filter((signature) => signature.graph === graph);
  return {
    graph,
    keys: new Set(signatures.map(({ key }) => key ?? '')),
    operators: count(graph.ops.flatMap((op) => [titleOf(op), `${titleOf(op)} ${op.output?.name}`])),
    inputs: {
      names: count(graph.inputs.map(({ name }) => name)),
      types: count(graph.inputs.map(typeText)),
    },
  };
}

function count(labels: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** A filter may take out most operators of a graph; of its inputs it leaves the names or the types, or nearly so. */
function likeness(a: Described, b: Described): number {
  if ([...a.keys].some((key) => b.keys.has(key))) return Number.POSITIVE_INFINITY;
  const inputs = Math.max(common(a.inputs.names, b.inputs.names), common(a.inputs.types, b.inputs.types));
  return inputs + common(a.operators, b.operators);
}

/** Share of what both have: 1 for the same labels, also for none at all. */
function common(a: Map<string, number>, b: Map<string, number>): number {
  let [both, all] = [0, 0];
  for (const label of new Set([...a.keys(), ...b.keys()])) {
    const [m, n] = [a.get(label) ?? 0, b.get(label) ?? 0];
    both += Math.min(m, n);
    all += Math.max(m, n);
  }
  return all === 0 ? 1 : both / all;
}
