/**
 * The structural matcher of attention: one descriptor, whether the graph holds an ATTENTION operator or the open
 * block of ~50 operators. It looks at what operators do, never at names, positions or counts.
 *
 * A concatenation of a cache and one new row feeding masked attention is *defined* as: append the row at
 * cache_position, attend rows 0..cache_position. The exported 30/31/32 are sizes, not semantics.
 */
import { BuiltinOperator } from '../../circle/index.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { dependence, elementCount, type InputRoles, inputRoles } from '../graph/index.ts';
import { matchBlock } from './attention-block.ts';
import { checkCaches, checkWeights, refuseOutsideUses } from './attention-check.ts';
import type { Projection } from './attention-projection.ts';
import { fail } from './attention-view.ts';
import { type Attempt, attempt } from './pattern.ts';
import { oneRow, type Rows } from './rows.ts';

/** What attention computes for each row, in the terms of the ATTENTION operator and of the families beyond it. */
export interface AttentionBlock {
  /** [1, L, hidden_size]: what the projections read. */
  hidden: Value;
  q: Projection;
  k: Projection;
  v: Projection;
  /** Output projection: weight [hidden_size, heads · head_dim], bias or null. */
  o: { weight: Value; bias: Value | null };
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Rows of the position alone, [..., head_dim]; null for a layer without RoPE. */
  rope: { cos: Value; sin: Value } | null;
  /** Factor of q·k, 1/√head_dim unless the model says otherwise. */
  scale: number;
  /** Added to the scores: 0 where a column is attended. */
  mask: Value;
  /** [1, L, hidden_size]: the result. */
  output: Value;
  /** The operators that the descriptor stands for; one for ATTENTION itself. */
  ops: Set<Op>;
}

/** Attention of a decode graph: one row, over a cache. */
export interface Attention extends AttentionBlock {
  /** The graph inputs that hold the cache. */
  keyCache: Value;
  valueCache: Value;
  /** cache_position */
  position: Value;
  /** Cache-with-new-row values of the open block, which exporters make graph outputs: key, value. */
  appended: Value[];
}

/** Result of looking at one candidate, in graph order. */
export type AttentionMatch<Block extends AttentionBlock = Attention> = Attempt<Block> & { at: Op };

/** Every attention of a decode graph, and for each SOFTMAX that is none the reason. */
export function findAttention(graph: Graph): AttentionMatch[] {
  const roles = inputRoles(graph);
  const depends = dependence(graph, roles);
  const found: AttentionMatch[] = [];
  for (const op of graph.ops) {
    if (op.code === BuiltinOperator.ATTENTION) found.push({ ...attempt(() => fromOperator(op)), at: op });
    if (op.code === BuiltinOperator.SOFTMAX)
      found.push({ ...attempt(() => fromBlock(op, graph, roles, depends)), at: op });
  }
  return found;
}

/** Every attention of a prefill graph, whose rows attend each other, and for each SOFTMAX that is none the reason. */
export function findPrefillAttention(graph: Graph, rows: Rows): AttentionMatch<AttentionBlock>[] {
  const roles = inputRoles(graph);
  const depends = dependence(graph, roles);
  const candidates = graph.ops.filter((op) => op.code === BuiltinOperator.SOFTMAX);
  return candidates.map((op) => {
    const view = { graph, roles, depends, rows, isDecode: false, ops: new Set([op]) };
    return { ...attempt(() => matchBlock(op, view).block), at: op };
  });
}

/** The descriptor of an ATTENTION operator: its eleven inputs. */
function fromOperator(op: Op): Attention {
  if (op.inputs.length !== 11) fail(`expected 11 inputs of ATTENTION, got ${op.inputs.length}`, op);
  const input = (i: number): Value => op.input(i) ?? fail(`ATTENTION has no input ${i}`, op);
  const [hidden, wq, wk, wv, wo] = [input(0), input(1), input(2), input(3), input(4)];
  const [cos, sin, mask] = [input(5), input(6), input(7)];
  const [keyCache, valueCache, position] = [input(8), input(9), input(10)];
  const output = op.output ?? fail('ATTENTION has no output', op);
  const headDim = cos.shape.at(-1) ?? 0;
  const heads = (wq.shape[0] ?? 0) / headDim;
  const kvHeads = (wk.shape[0] ?? 0) / headDim;
  if (!headDim || !Number.isInteger(heads) || !Number.isInteger(kvHeads) || !kvHeads || heads % kvHeads)
    fail(
      `expected whole heads of size ${headDim} in projections of ${wq.shape[0]} and ${wk.shape[0]} rows`,
      op,
    );
  const plain = (weight: Value): Projection => ({ weight, bias: null, norm: null });
  const attention: Attention = {
    hidden,
    q: plain(wq),
    k: plain(wk),
    v: plain(wv),
    o: { weight: wo, bias: null },
    heads,
    kvHeads,
    headDim,
    rope: { cos, sin },
    scale: 1 / Math.sqrt(headDim),
    mask,
    keyCache,
    valueCache,
    position,
    output,
    ops: new Set([op]),
    appended: [],
  };
  checkWeights(attention, op, oneRow);
  checkCaches(attention, op);
  if (elementCount(cos.shape) !== headDim || elementCount(sin.shape) !== headDim)
    fail(`cos and sin are [${cos.shape.join(', ')}] and [${sin.shape.join(', ')}], not one row`, op);
  return attention;
}

/** The descriptor of the open block around a SOFTMAX of a decode graph. */
function fromBlock(softmax: Op, graph: Graph, roles: InputRoles, depends: Map<Value, number>): Attention {
  const view = { graph, roles, depends, rows: oneRow, isDecode: true, ops: new Set([softmax]) };
  const { block, key, value } = matchBlock(softmax, view);
  const position = roles.position ?? fail('the graph has no single position input', softmax);
  const keyCache = key.cache ?? fail('the keys come from no cache', softmax);
  const valueCache = value.cache ?? fail('the values come from no cache', softmax);
  const attention = { ...block, keyCache, valueCache, position, appended: [key.appended, value.appended] };
  refuseOutsideUses(attention, graph, depends);
  return attention;
}
