/** What nothing needs: dead operators above a place, and the live set of a whole graph. */
import { hasEffects } from '../../circle/index.ts';
import { removeOps } from './edit.ts';
import type { Graph, Op, Value } from './graph.ts';

/**
 * Removes those of `candidates` whose outputs nobody reads any more, and what then becomes dead above them.
 * Operators elsewhere in the graph stay, dead or not.
 */
export function removeDeadFrom(graph: Graph, candidates: Iterable<Op>): void {
  const kept = new Set<Value>(graph.outputs);
  const dead = new Set<Op>();
  const unread = (value: Value | null) =>
    value === null || (!kept.has(value) && value.users.every((u) => dead.has(u)));
  // Users come after producers, so one pass from the last operator to the first sees every death.
  const order = new Map(graph.ops.map((op, i) => [op, i]));
  const queue = [...candidates].filter((op) => order.has(op));
  while (queue.length > 0) {
    const op = queue.pop()!;
    if (dead.has(op) || hasEffects(op.code) || !op.outputs.every(unread)) continue;
    dead.add(op);
    for (const input of op.inputs) if (input?.producer) queue.push(input.producer);
  }
  removeOps(graph, dead);
}

/** The operators that the graph's outputs, and operators with effects, need. */
export function liveOps(graph: Graph): Set<Op> {
  const live = new Set<Op>();
  const queue = graph.ops.filter((op) => hasEffects(op.code));
  for (const output of graph.outputs) if (output.producer) queue.push(output.producer);
  for (let op = queue.pop(); op; op = queue.pop()) {
    if (live.has(op)) continue;
    live.add(op);
    for (const input of [...op.inputs, ...(op.intermediates ?? [])])
      if (input?.producer) queue.push(input.producer);
  }
  return live;
}
