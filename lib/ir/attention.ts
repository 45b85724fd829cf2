/**
 * The structural matcher of attention: one descriptor, whether the graph holds an ATTENTION operator or the open
 * block of ~50 operators. It looks at what operators do, never at names, positions or counts.
 *
 * A concatenation of a cache and one new row feeding masked attention is *defined* as: append the row at
 * cache_position, attend rows 0..cache_position. The exported 30/31/32 are sizes, not semantics.
 */
import { BuiltinOperator, BuiltinOptions } from '../circle/index.ts';
import { matchKeyValue } from './attention-cache.ts';
import { checkSizes, refuseOutsideUses } from './attention-check.ts';
import { matchProjection, type Projection } from './attention-projection.ts';
import { elementCount } from './constants.ts';
import { Depends, dependence, type InputRoles, inputRoles } from './dependence.ts';
import type { Graph, Op, Value } from './graph.ts';
import {
  type Attempt,
  attempt,
  dataInput,
  eitherOrder,
  isPlain,
  keepsOrder,
  lastAxisSlice,
  Mismatch,
  optionsOf,
  producedBy,
  scaledBy,
  through,
} from './pattern.ts';

/** What attention computes, in the terms of the ATTENTION operator and of the families beyond it. */
export interface Attention {
  /** [1, 1, hidden_size]: what the projections read. */
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
  /** The graph inputs that hold the cache. */
  keyCache: Value;
  valueCache: Value;
  /** cache_position */
  position: Value;
  /** [1, 1, hidden_size]: the result. */
  output: Value;
  /** The operators that the descriptor stands for; one for ATTENTION itself. */
  ops: Set<Op>;
  /** Cache-with-new-row values of the open block, which exporters make graph outputs: key, value. */
  appended: Value[];
}

/** Result of looking at one candidate, in graph order. */
export type AttentionMatch = Attempt<Attention> & { at: Op };

/** Every attention of a graph, and for each SOFTMAX that is none the reason. */
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

/** The descriptor of an ATTENTION operator: its eleven inputs. */
function fromOperator(op: Op): Attention {
  const inputs = op.inputs.map((input, i) => input ?? fail(`ATTENTION has no input ${i}`, op));
  if (inputs.length !== 11) fail(`expected 11 inputs of ATTENTION, got ${inputs.length}`, op);
  const [hidden, wq, wk, wv, wo, cos, sin, mask, keyCache, valueCache, position] = inputs as [
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
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
  return {
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
}

/** The descriptor of the open block around a SOFTMAX. */
function fromBlock(softmax: Op, graph: Graph, roles: InputRoles, depends: Map<Value, number>): Attention {
  const ops = new Set<Op>([softmax]);
  if (optionsOf(softmax, BuiltinOptions.SoftmaxOptions)?.beta !== 1)
    fail('SOFTMAX has a beta other than 1', softmax);
  const { scores, mask } = matchMask(softmax, depends, ops);
  const first = matchScores(scores, ops);
  const key = matchKeyValue(first.rhs, 'key', first.adjointRhs, roles, ops);
  const second = matchContext(softmax, graph, ops);
  const value = matchKeyValue(second.rhs, 'value', second.adjointRhs, roles, ops);
  const q = matchProjection(first.lhs, true, depends, ops);
  const k = matchProjection(key.row, true, depends, ops);
  const v = matchProjection(value.row, false, depends, ops);
  const headDim = key.headDim;
  const heads = elementCount(first.lhs.shape) / headDim;
  if (q.hidden !== k.hidden || q.hidden !== v.hidden)
    fail('q, k and v do not read the same hidden state', softmax);
  if (value.headDim !== headDim || value.kvHeads !== key.kvHeads)
    fail('key and value caches differ in shape', softmax);
  if (heads !== key.kvHeads * key.repeats || value.repeats !== key.repeats)
    fail(`${heads} query heads do not share ${key.kvHeads} kv heads evenly`, softmax);
  if ((q.rope === null) !== (k.rope === null)) fail('only one of q and k is rotated', softmax);
  if (q.rope && k.rope && (q.rope.cos !== k.rope.cos || q.rope.sin !== k.rope.sin))
    fail('q and k are rotated by different angles', softmax);
  if (q.rope && q.rope.width !== headDim)
    fail(`RoPE of width ${q.rope.width} on heads of ${headDim}`, softmax);
  const position = roles.position ?? fail('the graph has no single position input', softmax);
  const block: Attention = {
    hidden: q.hidden,
    q: q.projection,
    k: k.projection,
    v: v.projection,
    o: { weight: second.weight, bias: second.bias },
    heads,
    kvHeads: key.kvHeads,
    headDim,
    rope: q.rope ? { cos: q.rope.cos, sin: q.rope.sin } : null,
    scale: snapScale(first.factor * key.factor * q.factor * k.factor, headDim),
    mask,
    keyCache: key.cache,
    valueCache: value.cache,
    position,
    output: second.output,
    ops,
    appended: [key.appended, value.appended],
  };
  if (value.factor !== 1 || v.factor !== 1) fail('the values are scaled', softmax);
  // A factor after the cache belongs to the scores; one before it would be missing from the rows that are cached.
  if (k.factor !== 1) fail('the keys are scaled before they are cached', softmax);
  checkSizes(block, softmax, key.appended, value.appended);
  refuseOutsideUses(block, graph, depends);
  return block;
}

/** scores + mask: the mask is the side that no token reaches. */
function matchMask(softmax: Op, depends: Map<Value, number>, ops: Set<Op>): { scores: Value; mask: Value } {
  const input = softmax.input(0) ?? fail('SOFTMAX has no input', softmax);
  const add = producedBy(through(input, ops), BuiltinOperator.ADD);
  const found =
    add && isPlain(add)
      ? eitherOrder(add, (mask, scores) =>
          ((depends.get(mask) ?? 0) & ~Depends.position) === 0 && !mask.isConstant
            ? { mask, scores }
            : undefined,
        )
      : undefined;
  if (!add || !found) fail('no mask of the position alone is added to the scores', softmax);
  ops.add(add);
  const columns = found.mask.shape.at(-1);
  if (columns !== input.shape.at(-1) || elementCount(found.mask.shape) !== columns)
    fail(`the mask is [${found.mask.shape.join(', ')}], not one row of ${input.shape.at(-1)} columns`, add);
  return { scores: found.scores, mask: wholeMask(found.mask) };
}

/** The mask before a block takes its columns: what every layer shares. */
function wholeMask(value: Value): Value {
  let at = value;
  for (;;) {
    const op = at.producer;
    if (!op || (op.code !== BuiltinOperator.RESHAPE && !lastAxisSlice(op))) return at;
    const input = op.input(0);
    const columns = input?.shape.at(-1) ?? 0;
    if (!input || columns < at.shape.at(-1)! || elementCount(input.shape) !== columns) return at;
    if (op.code === BuiltinOperator.RESHAPE && columns !== at.shape.at(-1)) return at;
    // A slice that does not start at column 0 shifts the columns: that is no longer the same mask.
    if (op.code === BuiltinOperator.STRIDED_SLICE && lastAxisSlice(op)!.begin !== 0) return at;
    at = input;
  }
}

interface Product {
  lhs: Value;
  rhs: Value;
  adjointRhs: boolean;
  factor: number;
}

/** q · kᵀ, with scale factors on the way. */
function matchScores(scores: Value, ops: Set<Op>): Product {
  const outer = peelScale(scores, ops);
  const matmul = producedBy(outer.value, BuiltinOperator.BATCH_MATMUL);
  if (!matmul) fail('the scores are no BATCH_MATMUL', scores.producer);
  ops.add(matmul);
  const operands = batchMatmul(matmul);
  const inner = peelScale(operands.lhs, ops);
  return { ...operands, lhs: inner.value, factor: outer.factor * inner.factor };
}

/** softmax · v, heads side by side, then the output projection. */
function matchContext(softmax: Op, graph: Graph, ops: Set<Op>) {
  const probabilities = softmax.output ?? fail('SOFTMAX has no output', softmax);
  const matmul = downTo(probabilities, BuiltinOperator.BATCH_MATMUL, graph, ops);
  const { lhs, rhs, adjointRhs } = batchMatmul(matmul);
  if (through(lhs) !== through(probabilities))
    fail('the probabilities are not the left side of a product', matmul);
  const context = matmul.output ?? fail('BATCH_MATMUL has no output', matmul);
  const project = downTo(context, BuiltinOperator.FULLY_CONNECTED, graph, ops);
  const [, weight, bias] = project.inputs;
  if (!weight?.isConstant || !isPlain(project))
    fail('the output projection is no plain FULLY_CONNECTED', project);
  if (bias && !bias.isConstant) fail('the bias of the output projection is no constant', project);
  const output = project.output ?? fail('the output projection has no output', project);
  return { rhs, adjointRhs, weight, bias: bias ?? null, output };
}

function batchMatmul(op: Op): { lhs: Value; rhs: Value; adjointRhs: boolean } {
  const options = optionsOf(op, BuiltinOptions.BatchMatMulOptions);
  const [lhs, rhs] = [op.input(0), op.input(1)];
  if (!lhs || !rhs || options?.adjointLhs) fail('BATCH_MATMUL with a transposed left side', op);
  if (lhs.shape.at(-2) !== 1) fail('BATCH_MATMUL of more than one row per head', op);
  return { lhs, rhs, adjointRhs: options?.adjointRhs ?? false };
}

/** Walks up through order-keeping operators and scalar factors. */
function peelScale(value: Value, ops: Set<Op>): { value: Value; factor: number } {
  let factor = 1;
  let at = through(value, ops);
  for (let op = at.producer; op; op = at.producer) {
    const scaled = scaledBy(op);
    if (!scaled) break;
    ops.add(op);
    factor *= scaled.factor;
    at = through(scaled.input, ops);
  }
  return { value: at, factor };
}

/** Walks down single uses through order-keeping operators to an operator of that code. */
function downTo(value: Value, code: BuiltinOperator, graph: Graph, ops: Set<Op>): Op {
  let at = value;
  for (;;) {
    const user = at.users[0];
    if (!user || at.users.length !== 1 || graph.outputs.includes(at))
      fail(`'${at.name}' inside the block has ${at.users.length} users`, at.producer);
    ops.add(user);
    if (user.code === code) return user;
    if (!keepsOrder(user) || dataInput(user) !== at || !user.output)
      fail(`expected ${BuiltinOperator[code]} after the attention, got ${BuiltinOperator[user.code]}`, user);
    at = user.output;
  }
}

/** Exporters split 1/√D into two rounded square roots; the exact value is meant. */
function snapScale(scale: number, headDim: number): number {
  const exact = 1 / Math.sqrt(headDim);
  return Math.abs(scale / exact - 1) < 1e-6 ? exact : scale;
}

function fail(reason: string, op: Op | null): never {
  throw new Mismatch(reason, op);
}
