/**
 * Structural comparison of two modules, by lib/ir/diff, which leaves numbering, order and names inside free. Free here
 * are also: dead operators and values, graph outputs without a producer, products with 1.0, and the description.
 */
import assert from 'node:assert/strict';
import { BuiltinOperator } from '../../lib/circle/index.ts';
import { compareModules } from '../../lib/ir/diff/index.ts';
import type { Graph, Module } from '../../lib/ir/graph/index.ts';
import {
  elementCount,
  lift,
  liveOps,
  lower,
  removeOps,
  scalarOf,
  setInput,
} from '../../lib/ir/graph/index.ts';

/** Fails with the first difference and where it is. */
export function assertSameModule(actual: Module, expected: Module): void {
  const difference = firstDifference(actual, expected);
  assert.equal(difference, undefined, difference);
}

/** The first difference, `path: this against that`, or undefined. */
export function firstDifference(a: Module, b: Module): string | undefined {
  const { differences } = compareModules(plain(a), plain(b), { ignoreNames: true });
  const first = differences[0];
  return first && `${first.path}: ${first.message} (${differences.length} differences)`;
}

/** A copy without what does not matter here. */
function plain(module: Module): Module {
  const copy = lift(lower(module));
  copy.description = null;
  for (const graph of copy.graphs) {
    skipOnes(graph);
    // Caches that an exporter passes straight through are left out too.
    const isMade = new Set(graph.outputs.filter((value) => value.producer !== null));
    graph.outputs = graph.outputs.filter((value) => isMade.has(value));
    for (const signature of copy.signatures ?? [])
      if (signature.graph === graph)
        signature.outputs = signature.outputs?.filter(({ value }) => isMade.has(value)) ?? null;
    const live = liveOps(graph);
    removeOps(graph, new Set(graph.ops.filter((op) => !live.has(op) || op.outputs.length === 0)));
  }
  return copy;
}

/** Operators that read a product with 1.0 read the factor instead. */
function skipOnes(graph: Graph): void {
  for (const op of graph.ops) {
    if (op.code !== BuiltinOperator.MUL || !op.output) continue;
    const [x, y] = [op.input(0), op.input(1)];
    const data = scalarOf(y) === 1 ? x : scalarOf(x) === 1 ? y : undefined;
    if (!data || String(data.shape) !== String(op.output.shape)) continue;
    for (const user of new Set(op.output.users))
      user.inputs.forEach((input, i) => {
        if (input === op.output) setInput(user, i, data);
      });
  }
}

/** How many elements all constants of a graph hold: a guard that a comparison compared something. */
export function constantElements(graph: Graph): number {
  return graph.values.reduce((n, value) => n + (value.isConstant ? elementCount(value.shape) : 0), 0);
}
