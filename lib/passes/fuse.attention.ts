/**
 * fuse.attention: each open attention block of a decode graph becomes one ATTENTION operator.
 *
 *   BEFORE  q, k, v = FULLY_CONNECTED(hidden, wq|wk|wv); RoPE(q), RoPE(k); keys = CONCATENATION(past_k, k),
 *           values = CONCATENATION(past_v, v); SOFTMAX(q·keysᵀ·scale + mask)·values; FULLY_CONNECTED(…, wo)
 *   AFTER   ATTENTION(hidden, wq, wk, wv, wo, cos, sin, mask, past_k, past_v, cache_position)
 *
 * Pre: `lib/ir/match/attention.ts` recognises the block and the operator can say it: no biases, no q/k norm, RoPE,
 * scale 1/√head_dim. Post: ATTENTION updates the caches in place, so the two concatenations are no graph outputs
 * any more (the reference tool leaves them there without a producer). cos and sin are taken after any attention
 * scaling, where the layers read them (the reference takes them before it, wrong for yarn and longrope).
 */
import { BuiltinOperator, BuiltinOptions } from '../circle/index.ts';
import type { Graph, Module, Value } from '../ir/graph/index.ts';
import { dropOutputs, insertOps, makeOp, removeDeadFrom, takeOutput } from '../ir/graph/index.ts';
import { type Attention, findAttention } from '../ir/match/index.ts';
import { type Outcome, simpleFilter } from './pass.ts';

export const fuseAttention = simpleFilter(
  'fuse.attention',
  'replace each attention block of a decode graph by one ATTENTION operator',
  (module) => {
    const outcome: Outcome = { changed: 0, candidates: 0, what: 'attention blocks', reasons: [] };
    let runsOpen = true;
    for (const graph of module.graphs) {
      for (const match of findAttention(graph)) {
        if (match.at.code !== BuiltinOperator.SOFTMAX) continue;
        outcome.candidates++;
        const misfit = match.ok ? misfitOf(match.value) : match.reason;
        if (match.ok && misfit === undefined) {
          fuse(module, graph, match.value);
          outcome.changed++;
        } else {
          outcome.reasons.push(`'${match.at.output?.name ?? 'SOFTMAX'}': ${misfit}`);
          if (!match.ok) runsOpen = false;
        }
      }
    }
    // Models with biases or q/k norms (Qwen, Gemma, …) end here in every layer, and nothing is wrong with them.
    if (outcome.reasons.length > 0 && runsOpen)
      outcome.consequence = 'Such blocks run as they are: the package works all the same';
    return outcome;
  },
);

/** Why the descriptor does not fit the operator's eleven inputs. */
function misfitOf(block: Attention): string | undefined {
  const { q, k, v, o, rope, scale, headDim } = block;
  if (q.bias || k.bias || v.bias || o.bias) return 'ATTENTION has no place for biases';
  if (q.norm || k.norm || v.norm) return 'ATTENTION has no place for a q/k norm';
  if (!rope) return 'ATTENTION needs RoPE';
  if (scale !== 1 / Math.sqrt(headDim)) return `ATTENTION scales by 1/sqrt(head_dim), the block by ${scale}`;
  return undefined;
}

function fuse(module: Module, graph: Graph, block: Attention): void {
  const { q, k, v, o, rope, output } = block;
  const last = output.producer!;
  const inputs: Value[] = [
    block.hidden,
    ...[q.weight, k.weight, v.weight, o.weight],
    ...[rope!.cos, rope!.sin, block.mask],
    ...[block.keyCache, block.valueCache, block.position],
  ];
  const attention = makeOp(module, BuiltinOperator.ATTENTION, inputs, [], {
    type: BuiltinOptions.AttentionOptions,
    value: {},
  });
  insertOps(graph, last, [attention]);
  takeOutput(attention, output);
  dropOutputs(module, graph, new Set(block.appended));
  removeDeadFrom(graph, block.ops);
}
