/**
 * Proves what a mask means. The exported expression is written for 32 columns; its column numbers and fill values are
 * generalised to any length, and the expression is shown to be 0 exactly for max(0, p−W+1) ≤ column ≤ p and ≤ −1e30
 * elsewhere: causal (no W), or a window of W. Anything else is refused.
 *
 * Why this is a proof: only comparisons of affine forms whose difference is ±(column − p) + k are accepted, so the
 * mask is a function of d = column − p that can change only at the collected thresholds. Looking at every d around
 * all of them, and at one beyond each end, therefore sees every value the function takes.
 */
import { BuiltinOperator, TensorType } from '../circle/index.ts';
import type { Op, Value } from '../ir/graph/index.ts';
import { floatsOf, intsOf } from '../ir/graph/index.ts';
import { attempt, dataInput, keepsOrder, Mismatch } from '../ir/match/index.ts';

export type MaskMeaning = { ok: true; window: number } | { ok: false; reason: string };

/** A number at (column, position): evaluated for one d, and as an affine form while it is one. */
interface Expression {
  /** Value at column − position = d, taken at position `p`. */
  at(d: number, p: number): number;
  /** column · c + position · p + k, when the expression is that. */
  affine: { c: number; p: number; k: number } | null;
}

/** window 0 means no limit. */
export function proveMask(mask: Value, position: Value): MaskMeaning {
  const result = attempt(() => prove(mask, position));
  return result.ok ? { ok: true, window: result.value } : { ok: false, reason: result.reason };
}

function prove(mask: Value, position: Value): number {
  const thresholds = new Set<number>([0]);
  const expression = express(mask, position, thresholds);
  const marks = [...thresholds];
  const [low, high] = [Math.min(...marks) - 2, Math.max(...marks) + 2];
  if (high - low > 1e7) throw new Mismatch('the mask compares with a number beyond 1e7');
  // Any position works for a function of d alone; this one keeps both columns and position positive.
  const p = Math.max(0, -low) + 1;
  const open = (d: number): boolean => {
    const value = expression.at(d, p);
    if (value === 0) return true;
    if (value <= -1e30) return false;
    throw new Mismatch(`the mask is ${value} at column − position = ${d}, expected 0 or ≤ −1e30`);
  };
  if (open(high) || open(1)) throw new Mismatch('the mask lets a token see later ones');
  if (!open(0)) throw new Mismatch('the mask hides the token itself');
  let first = 0;
  while (first > low && open(first - 1)) first--;
  for (let d = low; d < first; d++) if (open(d)) throw new Mismatch('the mask has a hole');
  for (let d = 1; d <= high; d++) if (open(d)) throw new Mismatch('the mask lets a token see later ones');
  return first === low ? 0 : 1 - first;
}

function express(value: Value, position: Value, thresholds: Set<number>): Expression {
  if (value === position) return affine(0, 1, 0);
  if (value.isConstant) return constant(value);
  const op = value.producer;
  if (!op) throw new Mismatch(`the mask depends on '${value.name}'`);
  const operand = (i: number): Expression => {
    const input = op.input(i);
    if (!input) throw new Mismatch('an operand of the mask is missing', op);
    return express(input, position, thresholds);
  };
  if (op.code === BuiltinOperator.CAST) return operand(0);
  if (keepsOrder(op) && op.code !== BuiltinOperator.MUL) return express(dataInput(op)!, position, thresholds);
  const compare = COMPARISONS.get(op.code);
  if (compare) return comparison(compare, operand(0), operand(1), thresholds, op);
  const arithmetic = ARITHMETIC.get(op.code);
  if (arithmetic) return arithmetic(operand(0), operand(1));
  if (op.code === BuiltinOperator.NEG) return scaled(operand(0), -1);
  if (op.code === BuiltinOperator.LOGICAL_NOT) return pure([operand(0)], ([a]) => (a ? 0 : 1));
  if (op.code === BuiltinOperator.SELECT || op.code === BuiltinOperator.SELECT_V2)
    return pure([operand(0), operand(1), operand(2)], ([condition, yes, no]) => (condition ? yes! : no!));
  throw new Mismatch(`the mask is computed with ${BuiltinOperator[op.code]}`, op);
}

const COMPARISONS = new Map<BuiltinOperator, (a: number, b: number) => boolean>([
  [BuiltinOperator.GREATER, (a, b) => a > b],
  [BuiltinOperator.GREATER_EQUAL, (a, b) => a >= b],
  [BuiltinOperator.LESS, (a, b) => a < b],
  [BuiltinOperator.LESS_EQUAL, (a, b) => a <= b],
  [BuiltinOperator.EQUAL, (a, b) => a === b],
  [BuiltinOperator.NOT_EQUAL, (a, b) => a !== b],
]);

const ARITHMETIC = new Map<BuiltinOperator, (a: Expression, b: Expression) => Expression>([
  [BuiltinOperator.ADD, sum],
  [BuiltinOperator.SUB, (a, b) => sum(a, scaled(b, -1))],
  [BuiltinOperator.MUL, product],
  [BuiltinOperator.LOGICAL_AND, (a, b) => pure([a, b], ([x, y]) => (x && y ? 1 : 0))],
  [BuiltinOperator.LOGICAL_OR, (a, b) => pure([a, b], ([x, y]) => (x || y ? 1 : 0))],
  [BuiltinOperator.MINIMUM, (a, b) => pure([a, b], ([x, y]) => Math.min(x!, y!))],
  [BuiltinOperator.MAXIMUM, (a, b) => pure([a, b], ([x, y]) => Math.max(x!, y!))],
]);

function affine(c: number, p: number, k: number): Expression {
  return { at: (d, position) => c * (d + position) + p * position + k, affine: { c, p, k } };
}

/** Column numbers 0, 1, 2, …, or one number for every column. */
function constant(value: Value): Expression {
  const isInteger = value.type === TensorType.INT32 || value.type === TensorType.INT64;
  const numbers: ArrayLike<number> | undefined = isInteger ? intsOf(value) : floatsOf(value);
  if (!numbers || numbers.length === 0)
    throw new Mismatch(`the mask reads the constant '${value.name}' of type ${TensorType[value.type]}`);
  const list = Array.from(numbers);
  if (list.every((number) => number === list[0])) return affine(0, 0, list[0]!);
  const isLastAxis = value.shape.at(-1) === list.length;
  if (isLastAxis && list.every((number, i) => number === i)) return affine(1, 0, 0);
  throw new Mismatch(`'${value.name}' holds neither column numbers nor one fill value`);
}

function comparison(
  test: (a: number, b: number) => boolean,
  a: Expression,
  b: Expression,
  thresholds: Set<number>,
  op: Op,
): Expression {
  if (!a.affine || !b.affine) throw new Mismatch('the mask compares what is no column or position', op);
  const [c, p, k] = [a.affine.c - b.affine.c, a.affine.p - b.affine.p, a.affine.k - b.affine.k];
  if (Math.abs(c) > 1 || c !== -p) throw new Mismatch('the mask is no function of column − position', op);
  if (c !== 0) thresholds.add(Math.round(-k / c));
  return pure([a, b], ([x, y]) => (test(x!, y!) ? 1 : 0));
}

function sum(a: Expression, b: Expression): Expression {
  const both = a.affine && b.affine;
  const form = both
    ? { c: a.affine!.c + b.affine!.c, p: a.affine!.p + b.affine!.p, k: a.affine!.k + b.affine!.k }
    : null;
  return { at: (d, p) => a.at(d, p) + b.at(d, p), affine: form };
}

function scaled(a: Expression, factor: number): Expression {
  const form = a.affine && { c: a.affine.c * factor, p: a.affine.p * factor, k: a.affine.k * factor };
  return { at: (d, p) => a.at(d, p) * factor, affine: form };
}

function product(a: Expression, b: Expression): Expression {
  const fixed = (e: Expression) =>
    e.affine && e.affine.c === 0 && e.affine.p === 0 ? e.affine.k : undefined;
  const [left, right] = [fixed(a), fixed(b)];
  if (left !== undefined) return scaled(b, left);
  if (right !== undefined) return scaled(a, right);
  return pure([a, b], ([x, y]) => x! * y!);
}

function pure(operands: Expression[], compute: (values: number[]) => number): Expression {
  return { at: (d, p) => compute(operands.map((operand) => operand.at(d, p))), affine: null };
}
