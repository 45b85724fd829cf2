/** One of q, k, v on its way up: RoPE, q/k norm, bias, projection. Rows are one token's, so order is all that counts. */
import { BuiltinOperator, BuiltinOptions } from '../circle/index.ts';
import { elementCount } from './constants.ts';
import { Depends } from './dependence.ts';
import type { Op, Value } from './graph.ts';
import { matchRmsNorm } from './norm.ts';
import {
  eitherOrder,
  isPlain,
  lastAxisSlice,
  Mismatch,
  normalAxis,
  optionsOf,
  producedBy,
  scaledBy,
  through,
} from './pattern.ts';

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
export function matchProjection(
  row: Value,
  mayRotate: boolean,
  depends: Map<Value, number>,
  ops: Set<Op>,
): Projected {
  let factor = 1;
  const peel = (value: Value): Value => {
    let at = through(value, ops);
    for (let op = at.producer; op; op = at.producer) {
      const scaled = scaledBy(op);
      if (!scaled) break;
      ops.add(op);
      factor *= scaled.factor;
      at = through(scaled.input, ops);
    }
    return at;
  };
  let at = peel(row);
  let rope: Projected['rope'] = null;
  const rotation = mayRotate ? matchRope(at, depends, ops) : undefined;
  if (rotation) {
    rope = rotation;
    at = peel(rotation.input);
  }
  const norm = matchRmsNorm(at);
  if (norm) {
    for (const op of norm.ops) ops.add(op);
    // No factor may be peeled here: a norm of a scaled row is no scaled norm.
    at = through(norm.input, ops);
  }
  const { weight, bias, hidden } = matchLinear(at, ops);
  const projection = {
    weight,
    bias,
    norm: norm ? { weight: norm.weight, epsilon: norm.epsilon, width: norm.width } : null,
  };
  return { projection, hidden, rope, factor };
}

/** FULLY_CONNECTED with a constant weight, its bias inside or added after. */
export function matchLinear(
  value: Value,
  ops: Set<Op>,
): { weight: Value; bias: Value | null; hidden: Value } {
  const add = producedBy(value, BuiltinOperator.ADD);
  const added =
    add && isPlain(add)
      ? eitherOrder(add, (bias, rest) =>
          bias.isConstant && elementCount(bias.shape) === elementCount(rest.shape)
            ? { bias, rest }
            : undefined,
        )
      : undefined;
  if (add && added) ops.add(add);
  const op = producedBy(through(added?.rest ?? value, ops), BuiltinOperator.FULLY_CONNECTED);
  const [hidden, weight, inner] = op?.inputs ?? [];
  if (!op || !hidden || !weight?.isConstant || !isPlain(op))
    throw new Mismatch(`expected a projection with constant weights, got '${value.name}'`, value.producer);
  if (inner && (added || !inner.isConstant)) throw new Mismatch('a projection with two biases', op);
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
function matchRope(value: Value, depends: Map<Value, number>, ops: Set<Op>): Rotation | undefined {
  const add = producedBy(value, BuiltinOperator.ADD);
  if (!add || !isPlain(add)) return undefined;
  return eitherOrder(add, (left, right) => {
    const [straight, turned] = [
      producedBy(left, BuiltinOperator.MUL),
      producedBy(right, BuiltinOperator.MUL),
    ];
    if (!straight || !turned || !isPlain(straight) || !isPlain(turned)) return undefined;
    const x = timesPosition(straight, depends);
    const half = timesPosition(turned, depends);
    const rotated = half && matchRotateHalf(half.input);
    if (!x || !half || !rotated || through(rotated.input) !== through(x.input)) return undefined;
    const width = x.input.shape.at(-1) ?? 0;
    // One row each: angles that differ from head to head are no RoPE of this operator.
    if (!isRow(x.factor, width) || !isRow(half.factor, width)) return undefined;
    for (const op of [add, straight, turned, ...rotated.ops]) ops.add(op);
    through(rotated.input, ops);
    return { input: x.input, cos: rowOf(x.factor, width), sin: rowOf(half.factor, width), width };
  });
}

/** A product of a token's value and one of the position alone. */
function timesPosition(op: Op, depends: Map<Value, number>): { input: Value; factor: Value } | undefined {
  return eitherOrder(op, (input, factor) => {
    const ofPosition = !factor.isConstant && ((depends.get(factor) ?? 0) & ~Depends.position) === 0;
    return ofPosition && ((depends.get(input) ?? 0) & Depends.token) !== 0 ? { input, factor } : undefined;
  });
}

/** The row before a layer gives it a head axis: what every layer shares, with any attention scaling in it. */
function rowOf(value: Value, width: number): Value {
  const row = producedBy(value, BuiltinOperator.RESHAPE)?.input(0);
  return row && isRow(row, width) ? row : value;
}

/** [1, …, 1, width] */
function isRow(value: Value, width: number): boolean {
  return value.shape.at(-1) === width && elementCount(value.shape) === width;
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
