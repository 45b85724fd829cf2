/** One of q, k, v on its way up: RoPE, q/k norm, bias, projection. Rows are one token's, so order is all that counts. */
import { BuiltinOperator, BuiltinOptions } from '../../circle/index.ts';
import type { Op, Value } from '../graph/index.ts';
import { Depends, elementCount } from '../graph/index.ts';
import { fail, isOfPosition, peelScale, upThrough, type View } from './attention-view.ts';
import { matchRmsNorm } from './norm.ts';
import { eitherOrder, isPlain, lastAxisSlice, normalAxis, optionsOf, producedBy } from './pattern.ts';

export interface Projection {
  /** [heads · head_dim, hidden_size] */
  weight: Value;
  bias: Value | null;
  /** q/k RMS norm before RoPE: over each head, or over the whole projection. */
  norm: { weight: Value | null; epsilon: number; width: number } | null;
}

export interface Projected {
  projection: Projection;
  hidden: Value;
  rope: { cos: Value; sin: Value; width: number } | null;
  factor: number;
}

/** Matches upwards from the row that attention uses. */
export function matchProjection(row: Value, mayRotate: boolean, view: View): Projected {
  const outer = peelScale(row, view);
  const rotation = mayRotate ? matchRope(outer.value, view) : undefined;
  const inner = rotation ? peelScale(rotation.input, view) : { value: outer.value, factor: 1 };
  const norm = matchRmsNorm(inner.value);
  for (const op of norm?.ops ?? []) view.ops.add(op);
  // No factor may be peeled after a norm: a norm of a scaled row is no scaled norm.
  const { weight, bias, hidden } = matchLinear(norm ? upThrough(norm.input, view) : inner.value, view);
  const projection = {
    weight,
    bias,
    norm: norm ? { weight: norm.weight, epsilon: norm.epsilon, width: norm.width } : null,
  };
  return { projection, hidden, rope: rotation ?? null, factor: outer.factor * inner.factor };
}

/** FULLY_CONNECTED with a constant weight, its bias inside or added after. */
function matchLinear(value: Value, view: View): { weight: Value; bias: Value | null; hidden: Value } {
  const { rows, ops } = view;
  const add = producedBy(value, BuiltinOperator.ADD);
  const added =
    add && isPlain(add)
      ? eitherOrder(add, (bias, rest) =>
          bias.isConstant && rows.isVector(bias, rest) ? { bias, rest } : undefined,
        )
      : undefined;
  if (add && added) ops.add(add);
  const op = producedBy(upThrough(added?.rest ?? value, view), BuiltinOperator.FULLY_CONNECTED);
  const [hidden, weight, inner] = op?.inputs ?? [];
  if (!op || !hidden || !weight?.isConstant || !isPlain(op))
    fail(`expected a projection with constant weights, got '${value.name}'`, value.producer);
  if (inner && (added || !inner.isConstant)) fail('a projection with two biases', op);
  ops.add(op);
  return { weight, bias: added?.bias ?? inner ?? null, hidden };
}

interface Rotation {
  input: Value;
  cos: Value;
  sin: Value;
  width: number;
}

/** x · cos + rotate_half(x) · sin, rotate_half(x) = (-x[D/2:], x[:D/2]). */
function matchRope(value: Value, view: View): Rotation | undefined {
  const { rows, ops } = view;
  const add = producedBy(value, BuiltinOperator.ADD);
  if (!add || !isPlain(add)) return undefined;
  return eitherOrder(add, (left, right) => {
    const [straight, turned] = [
      producedBy(left, BuiltinOperator.MUL),
      producedBy(right, BuiltinOperator.MUL),
    ];
    if (!straight || !turned || !isPlain(straight) || !isPlain(turned)) return undefined;
    const x = timesPosition(straight, view);
    const half = timesPosition(turned, view);
    const rotated = half && matchRotateHalf(half.input);
    const up = (from: Value) => upThrough(from, { ...view, ops: new Set() });
    if (!x || !half || !rotated || up(rotated.input) !== up(x.input)) return undefined;
    const width = x.input.shape.at(-1) ?? 0;
    // One row each: angles that differ from head to head are no RoPE of this operator.
    if (!rows.isTable(x.factor, x.input, width) || !rows.isTable(half.factor, half.input, width))
      return undefined;
    for (const op of [add, straight, turned, ...rotated.ops]) ops.add(op);
    upThrough(rotated.input, view);
    return { input: x.input, cos: sharedRow(x.factor, width), sin: sharedRow(half.factor, width), width };
  });
}

/** A product of a token's value and one of the position alone. */
function timesPosition(op: Op, view: View): { input: Value; factor: Value } | undefined {
  return eitherOrder(op, (input, factor) => {
    const isToken = ((view.depends.get(input) ?? 0) & Depends.token) !== 0;
    return isToken && isOfPosition(factor, view) ? { input, factor } : undefined;
  });
}

/** The row before a layer gives it a head axis: what every layer shares, with any attention scaling in it. */
function sharedRow(value: Value, width: number): Value {
  const row = producedBy(value, BuiltinOperator.RESHAPE)?.input(0);
  return row?.shape.at(-1) === width && elementCount(row.shape) === elementCount(value.shape) ? row : value;
}

function matchRotateHalf(value: Value): { input: Value; ops: Op[] } | undefined {
  const concat = producedBy(value, BuiltinOperator.CONCATENATION);
  const axis = concat && optionsOf(concat, BuiltinOptions.ConcatenationOptions)?.axis;
  if (!concat || axis === undefined || concat.inputs.length !== 2 || !isPlain(concat)) return undefined;
  const rank = value.shape.length;
  const neg = producedBy(concat.input(0), BuiltinOperator.NEG);
  const high = neg?.input(0)?.producer;
  const low = concat.input(1)?.producer;
  if (!neg || !high || !low || normalAxis(axis, rank) !== rank - 1) return undefined;
  const [upper, lower] = [lastAxisSlice(high), lastAxisSlice(low)];
  const width = value.shape.at(-1) ?? 0;
  if (!upper || !lower || upper.input !== lower.input || width % 2) return undefined;
  if (upper.begin !== width / 2 || upper.end !== width || lower.begin !== 0 || lower.end !== width / 2)
    return undefined;
  return { input: upper.input, ops: [concat, neg, high, low] };
}
