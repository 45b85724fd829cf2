/**
 * reorder.output.move_0_to_last: the first graph output becomes the last.
 *
 *   BEFORE  outputs logits, k0, v0      AFTER  k0, v0, logits; signatures follow
 */
import { type Outcome, simpleFilter } from './pass.ts';

export const reorderOutputMove0ToLast = simpleFilter(
  'reorder.output.move_0_to_last',
  'make the first graph output the last',
  (module) => {
    const outcome: Outcome = { changed: 0, candidates: module.graphs.length, what: 'subgraphs', reasons: [] };
    const rotate = <T>(list: T[]) => [...list.slice(1), ...list.slice(0, 1)];
    for (const graph of module.graphs) {
      if (graph.outputs.length < 2) {
        outcome.reasons.push(`'${graph.name}' has ${graph.outputs.length} outputs`);
        continue;
      }
      graph.outputs = rotate(graph.outputs);
      for (const signature of module.signatures ?? [])
        if (signature.graph === graph && signature.outputs) signature.outputs = rotate(signature.outputs);
      outcome.changed++;
    }
    return outcome;
  },
);
