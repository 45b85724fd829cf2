/** Which subgraph of one model is which of another: by signature, then by what they compute. */
import type { Graph, Module } from '../graph/index.ts';
import { opName, optionsText, typeText, withoutGraphs } from './describe.ts';
import { Labels } from './labels.ts';

/** Places in the two modules' lists of graphs. */
export type GraphPair = [first: number, second: number];

/** In the order of the first module. What is like nothing in the other module has no partner. */
export function pairGraphs(a: Module, b: Module, labels = new Labels()): GraphPair[] {
  const [left, right] = [a, b].map((module) =>
    module.graphs.map((graph) => describe(module, graph, labels)),
  ) as [Described[], Described[]];
  const candidates = left.flatMap((mine, i) =>
    right.map((theirs, j) => ({ i, j, score: likeness(mine, theirs), distance: Math.abs(i - j) })),
  );
  candidates.sort((p, q) => q.score - p.score || p.distance - q.distance || p.i + p.j - q.i - q.j);
  const pairs: GraphPair[] = [];
  for (const { i, j, score } of candidates)
    if (score > 0 && pairs.every(([x, y]) => x !== i && y !== j)) pairs.push([i, j]);
  return pairs.sort(([x], [y]) => x - y);
}

interface Described {
  keys: Set<string>;
  /** What every operator computes from the inputs: equal for equal graphs under any names and order. */
  computations: Map<string, number>;
  operators: Map<string, number>;
  inputs: { names: Map<string, number>; types: Map<string, number> };
}

function describe(module: Module, graph: Graph, labels: Labels): Described {
  const signatures = (module.signatures ?? []).filter((signature) => signature.graph === graph);
  const places = new Map(graph.inputs.map((value, i) => [value, `input ${i}`]));
  const computations = labels.computations(graph, (value) => places.get(value));
  return {
    keys: new Set(signatures.map(({ key }) => key ?? '')),
    computations: count([...computations.values()].map(String)),
    operators: count(
      graph.ops.flatMap((op) => [opName(op), `${opName(op)} ${optionsText(withoutGraphs(op))}`]),
    ),
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
  return inputs + common(a.operators, b.operators) + common(a.computations, b.computations);
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
