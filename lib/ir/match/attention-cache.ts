/** The key or value side of attention: cache ++ new row, repeated over grouped query heads, laid out for a product. */
import { BuiltinOperator, BuiltinOptions } from '../../circle/index.ts';
import type { InputRoles, Op, Value } from '../graph/index.ts';
import { fail, type View } from './attention-view.ts';
import { isPlain, normalAxis, optionsOf, scaledBy, swapsLastTwo } from './pattern.ts';

export interface KeyValue {
  /** Decode: the graph input [1, kv_heads, rows, head_dim]. Prefill has none. */
  cache: Value | null;
  /** [..., kv_heads, columns, head_dim]: cache ++ new row, or in prefill the rows themselves. */
  appended: Value;
  /** [..., kv_heads, L, head_dim]: the new rows. */
  row: Value;
  kvHeads: number;
  headDim: number;
  /** Query heads per kv head. */
  repeats: number;
  /** Product of the scalar factors on the way. */
  factor: number;
}

/**
 * Walks up from the right side of a BATCH_MATMUL to the concatenation, or in prefill to the rows. Keys end as
 * [H, D, columns] (or [H, columns, D] with a transposed product), values as [H, columns, D].
 */
export function matchKeyValue(rhs: Value, kind: 'key' | 'value', adjoint: boolean, view: View): KeyValue {
  const { roles, ops } = view;
  const isPrefill = !view.isDecode;
  // Whether the last two axes are still swapped against [columns, head_dim].
  let swapped = (kind === 'key') !== adjoint;
  let factor = 1;
  let repeats = 1;
  let at = rhs;
  for (;;) {
    const op: Op = at.producer ?? fail(`the ${kind}s come from '${at.name}', not from a cache`, null);
    const scaled = scaledBy(op);
    if (op.code === BuiltinOperator.CONCATENATION && !isPrefill) {
      ops.add(op);
      if (swapped) fail(`the ${kind}s are transposed`, op);
      return { ...matchAppend(op, kind, roles), repeats, factor };
    }
    if (scaled) {
      factor *= scaled.factor;
      at = scaled.input;
    } else if (op.code === BuiltinOperator.TRANSPOSE && swapsLastTwo(op)) {
      swapped = !swapped;
      at = op.input(0)!;
    } else if (op.code === BuiltinOperator.RESHAPE && keepsLastTwo(op)) {
      at = op.input(0)!;
    } else if (op.code === BuiltinOperator.BROADCAST_TO) {
      repeats *= repeatCount(op, kind);
      at = op.input(0)!;
    } else if (isPrefill) {
      return { ...matchRows(at, kind, swapped, view), repeats, factor };
    } else if (op.code === BuiltinOperator.TRANSPOSE) {
      fail(`TRANSPOSE of the ${kind}s is not of the last two axes`, op);
    } else if (op.code === BuiltinOperator.RESHAPE) {
      fail(`RESHAPE of the ${kind}s changes a row`, op);
    } else {
      fail(`${BuiltinOperator[op.code]} between the cache and the ${kind}s`, op);
    }
    ops.add(op);
  }
}

/** Prefill: the keys or values of every row, as they are made. */
function matchRows(
  rows: Value,
  kind: string,
  swapped: boolean,
  view: View,
): Omit<KeyValue, 'repeats' | 'factor'> {
  const { shape, producer } = rows;
  if (swapped) fail(`the ${kind}s are transposed`, producer);
  if (view.rows.count > 1 && view.rows.axisOf(rows) !== shape.length - 2)
    fail(`the ${kind}s [${shape.join(', ')}] are no rows [..., ${view.rows.count}, head_dim]`, producer);
  const headDim = shape.at(-1)!;
  return { cache: null, appended: rows, row: rows, kvHeads: view.rows.widthOf(rows) / headDim, headDim };
}

/** cache ++ row along the rows. */
function matchAppend(op: Op, kind: string, roles: InputRoles): Omit<KeyValue, 'repeats' | 'factor'> {
  const [cache, row] = op.inputs;
  const appended = op.output;
  const axis = optionsOf(op, BuiltinOptions.ConcatenationOptions)?.axis;
  if (!cache || !row || !appended || op.inputs.length !== 2 || axis === undefined || !isPlain(op))
    fail(`expected cache and new row in the CONCATENATION of the ${kind}s`, op);
  if (!roles.caches.includes(cache)) fail(`the first part of the ${kind}s is no cache input`, op);
  const [batch, kvHeads, , headDim] = cache.shape as [number, number, number, number];
  const isRow =
    row.shape.length === 4 && row.shape[0] === 1 && row.shape[1] === kvHeads && row.shape[2] === 1;
  if (batch !== 1 || !isRow || row.shape[3] !== headDim || normalAxis(axis, 4) !== 2)
    fail(`expected one new row of [1, ${kvHeads}, 1, ${headDim}], got [${row.shape.join(', ')}]`, op);
  return { cache, appended, row, kvHeads, headDim };
}

/** Only leading axes are merged or split. */
function keepsLastTwo(op: Op): boolean {
  const [from, to] = [op.input(0)?.shape ?? [], op.output?.shape ?? []];
  return from.length >= 2 && to.length >= 2 && from.at(-1) === to.at(-1) && from.at(-2) === to.at(-2);
}

/** [..., kv, 1, rows, D] → [..., kv, G, rows, D]: head h then reads kv head h / G. Any other repeat is refused. */
function repeatCount(op: Op, kind: string): number {
  const [from, to] = [op.input(0)?.shape ?? [], op.output?.shape ?? []];
  const changed = to.map((dim, i) => (dim === from[i] ? -1 : i)).filter((i) => i >= 0);
  if (from.length !== to.length || changed.length > 1)
    fail(`BROADCAST_TO of the ${kind}s over several axes`, op);
  const axis = changed[0];
  if (axis === undefined) return 1;
  const innermost = axis < to.length - 2 && from.slice(axis, -2).every((dim) => dim === 1);
  if (from[axis] !== 1 || !innermost)
    fail(`BROADCAST_TO repeats the ${kind}s in another order than head / group`, op);
  return to[axis]!;
}
