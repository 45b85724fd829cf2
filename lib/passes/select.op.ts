/**
 * select.op: keeps some operators of the first subgraph, as a graph of their own.
 *
 *   BEFORE  operators 0 … n      AFTER  select.op --by_id 0-181,200: these; what they read from others becomes graph
 *           inputs, what others (or the graph's outputs) read from them becomes graph outputs, in operator order
 *
 * Signatures of the graph no longer describe it and go.
 */

import type { Graph, Module, Value } from '../ir/graph/index.ts';
import { removeOps } from '../ir/graph/index.ts';
import { type Filter, parseIds, usageError } from './pass.ts';

export const selectOp: Filter = {
  kind: 'filter',
  name: 'select.op',
  summary: 'keep only some operators of the first subgraph',
  usage: '--by_id 0-181,200',
  example: ['--by_id', '0-3'],
  prepare(words) {
    const [flag, ids, ...rest] = words;
    if (flag !== '--by_id' || rest.length > 0) throw usageError(this, 'expected --by_id IDS');
    const kept = parseIds(this, ids);
    return (module) => {
      const graph = module.graphs[0];
      const total = graph?.ops.length ?? 0;
      const what = 'operators';
      const outside = [...kept].filter((id) => id >= total);
      if (!graph || outside.length > 0)
        return {
          changed: 0,
          candidates: total,
          what,
          reasons: [`there is no operator ${outside[0] ?? 0} of ${total}`],
        };
      const changed = select(module, graph, kept);
      return { changed, candidates: total, what, reasons: changed > 0 ? [] : ['every operator is kept'] };
    };
  },
};

function select(module: Module, graph: Graph, kept: ReadonlySet<number>): number {
  const dropped = new Set(graph.ops.filter((_op, i) => !kept.has(i)));
  if (dropped.size === 0) return 0;
  const ops = graph.ops.filter((op) => !dropped.has(op));
  const inputs = new Set<Value>();
  const outputs = new Set<Value>();
  for (const op of ops) {
    for (const input of op.inputs) {
      const comesFromOutside =
        input && !input.isConstant && (input.producer === null || dropped.has(input.producer));
      if (comesFromOutside) inputs.add(input);
    }
    for (const output of op.outputs) {
      const isRead =
        output && (graph.outputs.includes(output) || output.users.some((user) => dropped.has(user)));
      if (isRead) outputs.add(output);
    }
  }
  removeOps(graph, dropped);
  graph.inputs = [...inputs];
  graph.outputs = [...outputs];
  if (module.signatures)
    module.signatures = module.signatures.filter((signature) => signature.graph !== graph);
  return dropped.size;
}
