/**
 * transpose.io.kvcache: declares caches rows-first, as ATTENTION reads them.
 *
 *   BEFORE  graph input [1, kv_heads, rows, head_dim], read by ATTENTION      AFTER  [1, rows, kv_heads, head_dim]
 *
 * Shapes only: it states the calling convention that the ATTENTION kernel has. Which inputs are caches is seen from
 * ATTENTION (the reference goes by the names `*_cache_<n>`), so an already transposed one is left as it is.
 */
import { BuiltinOperator } from '../circle/index.ts';
import type { Op, Value } from '../ir/graph/index.ts';
import { type Outcome, simpleFilter } from './pass.ts';

export const transposeIoKvcache = simpleFilter(
  'transpose.io.kvcache',
  'declare the caches that ATTENTION reads as [1, rows, kv_heads, head_dim]',
  (module) => {
    const outcome: Outcome = { changed: 0, candidates: 0, what: 'cache inputs', reasons: [] };
    for (const graph of module.graphs) {
      const inputs = new Set(graph.inputs);
      const done = new Set<Value>();
      for (const op of graph.ops.filter(({ code }) => code === BuiltinOperator.ATTENTION)) {
        for (const cache of [op.input(8), op.input(9)]) {
          if (!cache || !inputs.has(cache) || cache.shape.length !== 4 || done.has(cache)) continue;
          done.add(cache);
          outcome.candidates++;
          if (transpose(cache, op)) outcome.changed++;
          else outcome.reasons.push(`'${cache.name}' is [${cache.shape.join(', ')}], rows first already`);
        }
      }
    }
    if (outcome.candidates === 0) outcome.reasons.push('no graph input is a cache of ATTENTION');
    return outcome;
  },
);

/** Swaps axes 1 and 2 when axis 1 is the kv heads. */
function transpose(cache: Value, attention: Op): boolean {
  const headDim = attention.input(5)?.shape.at(-1) ?? 0;
  const kvHeads = (attention.input(2)?.shape[0] ?? 0) / headDim;
  const [batch, first, second, width] = cache.shape as [number, number, number, number];
  if (first !== kvHeads || second === kvHeads) return false;
  cache.shape = [batch, second, first, width];
  return true;
}
