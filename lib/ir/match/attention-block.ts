/** The open block around a SOFTMAX: scores, mask, values, projections; of a decode graph or of a prefill graph. */
import { BuiltinOperator, BuiltinOptions } from '../../circle/index.ts';
import type { Op, Value } from '../graph/index.ts';
import { bytesOf, elementCount, isDense } from '../graph/index.ts';
import type { AttentionBlock } from './attention.ts';
import { type KeyValue, matchKeyValue } from './attention-cache.ts';
import { checkSizes } from './attention-check.ts';
import { matchProjection } from './attention-projection.ts';
import { fail, isOfPosition, peelScale, upThrough, type View } from './attention-view.ts';
import { dataInput, eitherOrder, isPlain, lastAxisSlice, optionsOf, producedBy } from './pattern.ts';

/** @throws Mismatch with the reason */
export function matchBlock(
  softmax: Op,
  view: View,
): { block: AttentionBlock; key: KeyValue; value: KeyValue } {
  if (optionsOf(softmax, BuiltinOptions.SoftmaxOptions)?.beta !== 1)
    fail('SOFTMAX has a beta other than 1', softmax);
  const { scores, mask } = matchMask(softmax, view);
  const first = matchScores(scores, view);
  const key = matchKeyValue(first.rhs, 'key', first.adjointRhs, view);
  const second = matchContext(softmax, view);
  const value = matchKeyValue(second.rhs, 'value', second.adjointRhs, view);
  const q = matchProjection(first.lhs, true, view);
  const k = matchProjection(key.row, true, view);
  const v = matchProjection(value.row, false, view);
  const headDim = key.headDim;
  const heads = view.rows.widthOf(first.lhs) / headDim;
  if (q.hidden !== k.hidden || q.hidden !== v.hidden)
    fail('q, k and v do not read the same hidden state', softmax);
  if (value.headDim !== headDim || value.kvHeads !== key.kvHeads)
    fail('key and value caches differ in shape', softmax);
  if (heads !== key.kvHeads * key.repeats || value.repeats !== key.repeats)
    fail(`${heads} query heads do not share ${key.kvHeads} kv heads evenly`, softmax);
  if ((q.rope === null) !== (k.rope === null)) fail('only one of q and k is rotated', softmax);
  if (q.rope && k.rope && !(isSame(q.rope.cos, k.rope.cos) && isSame(q.rope.sin, k.rope.sin)))
    fail('q and k are rotated by different angles', softmax);
  if (q.rope && q.rope.width !== headDim)
    fail(`RoPE of width ${q.rope.width} on heads of ${headDim}`, softmax);
  if (value.factor !== 1 || v.factor !== 1) fail('the values are scaled', softmax);
  // A factor after the cache belongs to the scores; one before it would be missing from the rows that are cached.
  if (k.factor !== 1) fail('the keys are scaled before they are cached', softmax);
  const block: AttentionBlock = {
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
    output: second.output,
    ops: view.ops,
  };
  checkSizes(block, softmax, key.appended, value.appended, view.rows);
  return { block, key, value };
}

/** One value, or two constants with the same bytes: some exporters give every reader a copy of its own. */
function isSame(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (!isDense(a) || !isDense(b)) return false;
  const [left, right] = [bytesOf(a), bytesOf(b)];
  return String(a.shape) === String(b.shape) && !!left && !!right && Buffer.compare(left, right) === 0;
}

/** scores + mask: the mask is the side that no token reaches. */
function matchMask(softmax: Op, view: View): { scores: Value; mask: Value } {
  const input = softmax.input(0) ?? fail('SOFTMAX has no input', softmax);
  const add = producedBy(upThrough(input, view), BuiltinOperator.ADD);
  const found =
    add && isPlain(add)
      ? eitherOrder(add, (mask, scores) => (isOfPosition(mask, view) ? { mask, scores } : undefined))
      : undefined;
  if (!add || !found) fail('no mask of the position alone is added to the scores', softmax);
  view.ops.add(add);
  const { count } = view.rows;
  const [shape, columns] = [found.mask.shape, input.shape.at(-1)!];
  const rows = count === 1 ? 'one row' : `${count} rows`;
  if (
    shape.at(-1) !== columns ||
    elementCount(shape) !== count * columns ||
    (count > 1 && shape.at(-2) !== count)
  )
    fail(`the mask is [${shape.join(', ')}], not ${rows} of ${columns} columns`, add);
  return { scores: found.scores, mask: view.isDecode ? wholeMask(found.mask) : found.mask };
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
function matchScores(scores: Value, view: View): Product {
  const outer = peelScale(scores, view);
  const matmul = producedBy(outer.value, BuiltinOperator.BATCH_MATMUL);
  if (!matmul) fail('the scores are no BATCH_MATMUL', scores.producer);
  view.ops.add(matmul);
  const operands = batchMatmul(matmul, view);
  const inner = peelScale(operands.lhs, view);
  return { ...operands, lhs: inner.value, factor: outer.factor * inner.factor };
}

/** softmax · v, heads side by side, then the output projection. */
function matchContext(softmax: Op, view: View) {
  const probabilities = softmax.output ?? fail('SOFTMAX has no output', softmax);
  const matmul = downTo(probabilities, BuiltinOperator.BATCH_MATMUL, view);
  const { lhs, rhs, adjointRhs } = batchMatmul(matmul, view);
  if (upThrough(lhs, view) !== upThrough(probabilities, view))
    fail('the probabilities are not the left side of a product', matmul);
  const context = matmul.output ?? fail('BATCH_MATMUL has no output', matmul);
  const project = downTo(context, BuiltinOperator.FULLY_CONNECTED, view);
  const [, weight, bias] = project.inputs;
  if (!weight?.isConstant || !isPlain(project))
    fail('the output projection is no plain FULLY_CONNECTED', project);
  if (bias && !bias.isConstant) fail('the bias of the output projection is no constant', project);
  const output = project.output ?? fail('the output projection has no output', project);
  return { rhs, adjointRhs, weight, bias: bias ?? null, output };
}

function batchMatmul(op: Op, { rows }: View): { lhs: Value; rhs: Value; adjointRhs: boolean } {
  const options = optionsOf(op, BuiltinOptions.BatchMatMulOptions);
  const [lhs, rhs] = [op.input(0), op.input(1)];
  if (!lhs || !rhs || options?.adjointLhs) fail('BATCH_MATMUL with a transposed left side', op);
  const isRows = rows.count === 1 || rows.axisOf(lhs) === lhs.shape.length - 2;
  if (lhs.shape.at(-2) !== rows.count || !isRows)
    fail(`BATCH_MATMUL of ${lhs.shape.at(-2)} rows per head, not ${rows.count}`, op);
  return { lhs, rhs, adjointRhs: options?.adjointRhs ?? false };
}

/** Walks down single uses through order-keeping operators to an operator of that code. */
function downTo(value: Value, code: BuiltinOperator, { graph, rows, ops }: View): Op {
  let at = value;
  for (;;) {
    const user = at.users[0];
    if (!user || at.users.length !== 1 || graph.outputs.includes(at))
      fail(`'${at.name}' inside the block has ${at.users.length} users`, at.producer);
    ops.add(user);
    if (user.code === code) return user;
    if (!rows.keepsOrder(user) || dataInput(user) !== at || !user.output)
      fail(`expected ${BuiltinOperator[code]} after the attention, got ${BuiltinOperator[user.code]}`, user);
    at = user.output;
  }
}

/** Exporters split 1/√D into two rounded square roots; the exact value is meant. */
function snapScale(scale: number, headDim: number): number {
  const exact = 1 / Math.sqrt(headDim);
  return Math.abs(scale / exact - 1) < 1e-6 ? exact : scale;
}
