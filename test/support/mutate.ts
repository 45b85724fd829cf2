/** Changes that must not matter: other names, another valid order of operators, other numbers of tensors. */
import type { Graph, Module, Op } from '../../lib/ir/graph/index.ts';

export type Random = () => number;

/** Small seeded generator (mulberry32): uniform in [0, 1). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Floats uniform in [-1, 1). */
export function randomFloats(count: number, random: Random): Float32Array {
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
}

/** Gives every tensor another name, without any order in it; signature ports keep theirs. */
export function renameAll(module: Module, random: Random): void {
  for (const graph of module.graphs) {
    const numbers = shuffled(
      graph.values.map((_, i) => i),
      random,
    );
    graph.values.forEach((value, i) => {
      value.name = `${['t', 'node', '%', 'ünnamed.'][Math.floor(4 * random())]}${numbers[i]}`;
    });
  }
}

/** Puts operators into another order in which producers still come first, and numbers tensors anew. */
export function reorderAll(module: Module, random: Random): void {
  for (const graph of module.graphs) {
    graph.ops = randomOrder(graph, random);
    graph.values = shuffled(graph.values, random);
  }
}

function randomOrder(graph: Graph, random: Random): Op[] {
  const placed = new Set<Op>();
  const order: Op[] = [];
  const isReady = (op: Op) => op.inputs.every((input) => !input?.producer || placed.has(input.producer));
  const ready = graph.ops.filter(isReady);
  const queued = new Set(ready);
  while (ready.length > 0) {
    const [op] = ready.splice(Math.floor(random() * ready.length), 1);
    placed.add(op!);
    order.push(op!);
    for (const output of op!.outputs) {
      for (const user of output?.users ?? []) {
        if (queued.has(user) || !isReady(user)) continue;
        queued.add(user);
        ready.push(user);
      }
    }
  }
  if (order.length !== graph.ops.length)
    throw new Error('the graph has a cycle or a stranger among its users');
  return order;
}

export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}
