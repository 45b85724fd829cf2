/**
 * gc: what nothing needs goes: operators, tensors, buffers, operator codes, graph inputs and outputs.
 *
 *   BEFORE  any module      AFTER  every operator leads to a graph output or acts outside its outputs; every tensor is
 *           used; every graph input is read; every graph output has a producer, or is an input or a constant
 *
 * Signatures follow. (The reference keeps operators whose outputs are empty, and takes the empty sentinel buffer out
 * of files of its older exporter; both are corrected here.)
 */

import type { Graph, Module, Value } from '../ir/graph/index.ts';
import { dropInputs, dropOutputs, liveOps, removeOps } from '../ir/graph/index.ts';
import { type Outcome, simpleFilter } from './pass.ts';

export const gc = simpleFilter('gc', 'remove everything that nothing needs', (module) => {
  const before = census(module);
  const called = new Set(
    module.graphs.flatMap(({ ops }) =>
      ops.flatMap((op) => op.graphReferences.flatMap(({ graphs }) => graphs)),
    ),
  );
  for (const graph of module.graphs) collectGraph(module, graph, called.has(graph));
  collectTables(module);
  const outcome: Outcome = {
    changed: before - census(module),
    candidates: before,
    what: 'objects',
    reasons: [],
  };
  if (outcome.changed === 0) outcome.reasons.push('everything is needed');
  return outcome;
});

/** A graph that an operator calls keeps inputs and outputs: their number is the caller's business too. */
function collectGraph(module: Module, graph: Graph, isCalled: boolean): void {
  const inputs = new Set(graph.inputs);
  const isUnmade = (value: Value) => value.producer === null && !inputs.has(value) && !value.isConstant;
  if (!isCalled) dropOutputs(module, graph, new Set(graph.outputs.filter(isUnmade)));
  const live = liveOps(graph);
  removeOps(graph, new Set(graph.ops.filter((op) => !live.has(op))));
  const outputs = new Set(graph.outputs);
  const isUnread = (input: Value) =>
    input.users.length === 0 && !outputs.has(input) && !isIntermediate(graph, input);
  if (!isCalled) dropInputs(module, graph, new Set(graph.inputs.filter(isUnread)));
  const needed = new Set<Value>([...graph.inputs, ...graph.outputs]);
  for (const op of graph.ops) {
    for (const value of [...op.inputs, ...op.outputs, ...(op.intermediates ?? [])])
      if (value) needed.add(value);
  }
  graph.values = graph.values.filter((value) => needed.has(value));
}

function isIntermediate(graph: Graph, value: Value): boolean {
  return graph.ops.some((op) => op.intermediates?.includes(value));
}

/** Buffers and operator codes that no tensor, metadata or operator names; the sentinel stays first. */
function collectTables(module: Module): void {
  const buffers = new Set([module.sentinel]);
  for (const { buffer } of module.metadata ?? []) buffers.add(buffer);
  for (const buffer of module.metadataBuffer ?? []) buffers.add(buffer);
  for (const graph of module.graphs) {
    for (const value of graph.values) {
      // A buffer without data says no more than the sentinel does; older exporters give every tensor its own.
      if (!value.isConstant) value.buffer = module.sentinel;
      buffers.add(value.buffer);
    }
  }
  module.buffers = module.buffers.filter((buffer) => buffers.has(buffer));
  const opcodes = new Set(module.graphs.flatMap((graph) => graph.ops.map((op) => op.opcode)));
  module.opcodes = module.opcodes.filter((opcode) => opcodes.has(opcode));
}

function census(module: Module): number {
  const perGraph = module.graphs.map(
    (g) => g.inputs.length + g.outputs.length + g.ops.length + g.values.length,
  );
  return perGraph.reduce((sum, n) => sum + n, module.buffers.length + module.opcodes.length);
}
