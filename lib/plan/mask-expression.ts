/**
 * A mask's operators as functions of column and position. Two kinds are enough for the masks of exporters:
 *
 * - lines, c · column + p · position + k with whole numbers, which columns, positions and their sums are;
 * - steps, functions of d = column − position that change their value only at known places. Comparisons of lines make
 *   them, and whatever is computed from steps and constants alone is one again.
 *
 * Everything else is refused: a line that is used outside of a comparison, because its value has no places to look at,
 * and a comparison whose result does not follow from d.
 */
import { BuiltinOperator, BuiltinOptions, TensorType, tensorTypeName } from '../circle/index.ts';
import type { Op, Value } from '../ir/graph/index.ts';
import { floatsOf, intsOf } from '../ir/graph/index.ts';
import { dataInput, isPlain, keepsOrder, Mismatch, optionsOf } from '../ir/match/index.ts';

export type Expression = Line | Steps;

interface Line {
  kind: 'line';
  c: number;
  p: number;
  k: number;
}

interface Steps {
  kind: 'steps';
  /** The value where column − position is d. */
  at(d: number): number;
}

/** f32 holds whole numbers up to here, so every sum and product of them below is exact in any type. */
const MAX_WHOLE = 2 ** 24;
/** No exporter comes near it; a longer chain would exhaust the stack. */
const MAX_DEPTH = 300;

export class MaskReader {
  /** The function of d is constant between any two neighbours of these whole numbers, and beyond the last ones. */
  readonly marks = new Set<number>([-1, 0, 1]);
  readonly #position: Value;
  readonly #known = new Map<Value, Expression>();

  constructor(position: Value) {
    this.#position = position;
  }

  /** @throws Mismatch with the operator that is no line and no steps */
  steps(mask: Value): Steps {
    return asSteps(this.#express(mask, 0), mask.producer);
  }

  #express(value: Value, depth: number): Expression {
    const known = this.#known.get(value) ?? this.#read(value, depth);
    this.#known.set(value, known);
    return known;
  }

  #read(value: Value, depth: number): Expression {
    if (value === this.#position) return { kind: 'line', c: 0, p: 1, k: 0 };
    if (value.isConstant) return constant(value);
    const op = value.producer;
    if (!op) throw new Mismatch(`the mask depends on '${value.name}'`);
    if (depth > MAX_DEPTH) throw new Mismatch(`the mask is more than ${MAX_DEPTH} operators deep`, op);
    if (!isPlain(op)) throw new Mismatch('an operator of the mask has a fused activation', op);
    const operand = (input: Value | null | undefined): Expression => {
      if (!input) throw new Mismatch('an operand of the mask is missing', op);
      return this.#express(input, depth + 1);
    };
    if (keepsOrder(op)) return operand(dataInput(op));
    const compute = rules.get(op.code);
    if (!compute) throw new Mismatch(`the mask is computed with ${BuiltinOperator[op.code]}`, op);
    return compute(op.inputs.map(operand), { op, type: value.type, marks: this.marks });
  }
}

/** The operator that is read, the type of what it makes, and where its new steps are noted. */
interface Site {
  op: Op;
  type: TensorType;
  marks: Set<number>;
}

type Rule = (operands: Expression[], site: Site) => Expression;

/** An operator that works on steps, and on lines only where they are constants. */
const pointwise =
  (compute: (...values: number[]) => number): Rule =>
  (operands, { op, type }) => {
    const functions = operands.map((operand) => asSteps(operand, op));
    return steps((d) => stored(compute(...functions.map(({ at }) => at(d))), type, op));
  };

/** An operator that makes lines of lines as well; undefined: it cannot make one of these. */
const linear =
  (combine: (a: Line, b: Line) => Line | undefined, compute: (...values: number[]) => number): Rule =>
  (operands, site) => {
    const [a, b = ZERO] = operands;
    const isLines = a?.kind === 'line' && b.kind === 'line' && !(isConstant(a) && isConstant(b));
    const line = isLines ? combine(a, b) : undefined;
    if (!line) return pointwise(compute)(operands, site);
    for (const number of [line.c, line.p, line.k])
      if (!Number.isInteger(number) || Math.abs(number) > MAX_WHOLE)
        throw new Mismatch(
          `the mask computes with columns and positions and ${number}, expected whole numbers up to 2^24`,
          site.op,
        );
    return line;
  };

const compare =
  (test: (a: number, b: number) => boolean): Rule =>
  (operands, site) => {
    const [a, b] = operands;
    const isLines = a?.kind === 'line' && b?.kind === 'line' && !(isConstant(a) && isConstant(b));
    if (!isLines) return pointwise((x, y) => (test(x!, y!) ? 1 : 0))(operands, site);
    const [c, p, k] = [a.c - b.c, a.p - b.p, a.k - b.k];
    if (Math.abs(c) > 1 || c !== -p)
      throw new Mismatch('the mask compares what is no function of column − position', site.op);
    if (!(Math.abs(k) <= 2 * MAX_WHOLE))
      throw new Mismatch('the mask compares with a number beyond 2^25', site.op);
    // The result changes where c · d + k is 0: at that d, or between two whole numbers.
    const zero = -k / c;
    if (c !== 0)
      for (const mark of [Math.ceil(zero) - 1, Math.round(zero), Math.floor(zero) + 1]) site.marks.add(mark);
    return steps((d) => (test(c * d + k, 0) ? 1 : 0));
  };

const cast: Rule = (operands, site) => {
  const [operand] = operands;
  const named = optionsOf(site.op, BuiltinOptions.CastOptions)?.outDataType ?? site.type;
  if (named !== site.type)
    throw new Mismatch(
      `the mask is cast to ${tensorTypeName(named)}, but its tensor is ${tensorTypeName(site.type)}`,
      site.op,
    );
  const isBool = site.type === TensorType.BOOL;
  // Positions and columns are whole numbers, which every type but BOOL keeps.
  if (operand?.kind === 'line' && !isConstant(operand) && !isBool) {
    stored(0, site.type, site.op);
    return operand;
  }
  const isFloat = site.type === TensorType.FLOAT32;
  return pointwise((x) => (isBool ? Number(x !== 0) : isFloat ? x! : Math.trunc(x!)))(operands, site);
};

const { max, min } = Math;
const rules = new Map<BuiltinOperator, Rule>([
  [BuiltinOperator.GREATER, compare((a, b) => a > b)],
  [BuiltinOperator.GREATER_EQUAL, compare((a, b) => a >= b)],
  [BuiltinOperator.LESS, compare((a, b) => a < b)],
  [BuiltinOperator.LESS_EQUAL, compare((a, b) => a <= b)],
  [BuiltinOperator.EQUAL, compare((a, b) => a === b)],
  [BuiltinOperator.NOT_EQUAL, compare((a, b) => a !== b)],
  [
    BuiltinOperator.ADD,
    linear(
      (a, b) => sum(a, b, 1),
      (a, b) => a! + b!,
    ),
  ],
  [
    BuiltinOperator.SUB,
    linear(
      (a, b) => sum(a, b, -1),
      (a, b) => a! - b!,
    ),
  ],
  [
    BuiltinOperator.MUL,
    linear(
      (a, b) => scaled(a, b) ?? scaled(b, a),
      (a, b) => a! * b!,
    ),
  ],
  [
    BuiltinOperator.NEG,
    linear(
      (a) => sum(ZERO, a, -1),
      (a) => -a!,
    ),
  ],
  [BuiltinOperator.CAST, cast],
  [BuiltinOperator.LOGICAL_AND, pointwise((a, b) => (a && b ? 1 : 0))],
  [BuiltinOperator.LOGICAL_OR, pointwise((a, b) => (a || b ? 1 : 0))],
  [BuiltinOperator.LOGICAL_NOT, pointwise((a) => (a ? 0 : 1))],
  [BuiltinOperator.MINIMUM, pointwise(min)],
  [BuiltinOperator.MAXIMUM, pointwise(max)],
  [BuiltinOperator.SELECT, pointwise((condition, yes, no) => (condition ? yes! : no!))],
  [BuiltinOperator.SELECT_V2, pointwise((condition, yes, no) => (condition ? yes! : no!))],
]);

const ZERO: Line = { kind: 'line', c: 0, p: 0, k: 0 };

const isConstant = ({ c, p }: Line): boolean => c === 0 && p === 0;

const sum = (a: Line, b: Line, sign: 1 | -1): Line => ({
  kind: 'line',
  c: a.c + sign * b.c,
  p: a.p + sign * b.p,
  k: a.k + sign * b.k,
});

const scaled = ({ c, p, k }: Line, factor: Line): Line | undefined =>
  isConstant(factor) ? { kind: 'line', c: c * factor.k, p: p * factor.k, k: k * factor.k } : undefined;

/** A function of d that remembers what it has computed, because operators share their operands. */
function steps(compute: (d: number) => number): Steps {
  const known = new Map<number, number>();
  return {
    kind: 'steps',
    at(d) {
      const value = known.get(d) ?? compute(d);
      known.set(d, value);
      return value;
    },
  };
}

function asSteps(expression: Expression, op: Op | null): Steps {
  if (expression.kind === 'steps') return expression;
  if (!isConstant(expression))
    throw new Mismatch('the mask uses a column or position outside of a comparison', op);
  return steps(() => expression.k);
}

/** The number as the type keeps it. An integer that would wrap around is refused. */
function stored(x: number, type: TensorType, op: Op): number {
  if (type === TensorType.BOOL) return x ? 1 : 0;
  if (type === TensorType.FLOAT32) return Math.fround(x);
  const limit = type === TensorType.INT32 ? 2 ** 31 - 1 : type === TensorType.INT64 ? 2 ** 53 : undefined;
  if (limit === undefined) throw new Mismatch(`the mask is computed in ${tensorTypeName(type)}`, op);
  if (!(Math.abs(x) <= limit)) throw new Mismatch(`the mask computes ${x} in ${tensorTypeName(type)}`, op);
  return x;
}

/** Column numbers 0, 1, 2, …, or one number for every column. */
function constant(value: Value): Line {
  const isInteger = value.type === TensorType.INT32 || value.type === TensorType.INT64;
  const numbers: ArrayLike<number> | undefined = isInteger ? intsOf(value) : floatsOf(value);
  if (!numbers || numbers.length === 0)
    throw new Mismatch(`the mask reads the constant '${value.name}' of type ${tensorTypeName(value.type)}`);
  const list = Array.from(numbers);
  if (list.every((number) => number === list[0])) return { ...ZERO, k: list[0]! };
  const isLastAxis = value.shape.at(-1) === list.length;
  if (isLastAxis && list.every((number, i) => number === i)) return { ...ZERO, c: 1 };
  throw new Mismatch(`'${value.name}' holds neither column numbers nor one fill value`);
}
