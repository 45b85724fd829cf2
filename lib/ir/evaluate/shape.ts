/**
 * Shape and type inference: what an operator's outputs must be, from its inputs, options and constants alone.
 * Rules sit in one table by operator; the arithmetic of shapes is in `shape-rules.ts`.
 */
import { BuiltinOperator, BuiltinOptions, TensorType } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import type { Op, Value } from '../graph/index.ts';
import { intsOf } from '../graph/index.ts';
import { optionsOf } from '../match/index.ts';
import * as rules from './shape-rules.ts';
import { isNarrow } from './widen.ts';

export interface TensorSpec {
  type: TensorType;
  shape: readonly number[];
}

type Rule = (op: Op) => TensorSpec[];

/**
 * Types and shapes of the operator's outputs, in order; undefined when the operator is unknown here or an axis, shape
 * or permutation that it needs is no constant.
 * @throws GgmaError SHAPE_INVALID when the inputs do not fit each other.
 */
export function inferOutputs(op: Op): TensorSpec[] | undefined {
  const rule = RULES.get(op.code);
  if (!rule) return undefined;
  try {
    return rule(op);
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    if (error instanceof GgmaError)
      throw new GgmaError(error.code, `${BuiltinOperator[op.code]}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Something that only the running graph knows. */
class Unknown extends Error {}

function input(op: Op, i: number): Value {
  const value = op.input(i);
  if (!value) throw rules.shapeError(`expected an input ${i}, got none`);
  return value;
}

/** Constants of a narrow type stand for the floats that they widen to. */
function typeOf(op: Op, i: number): TensorType {
  const { type } = input(op, i);
  return isNarrow(type) ? TensorType.FLOAT32 : type;
}

function ints(op: Op, i: number): number[] {
  const list = intsOf(op.input(i));
  if (!list) throw new Unknown();
  return list;
}

const one = (type: TensorType, shape: readonly number[]): TensorSpec[] => [{ type, shape }];

const sameAsFirst: Rule = (op) => one(typeOf(op, 0), input(op, 0).shape);

function broadcast(op: Op, type: TensorType): TensorSpec[] {
  return one(type, rules.broadcastShape(...op.inputs.map((_, i) => input(op, i).shape)));
}

const arithmetic: Rule = (op) => broadcast(op, typeOf(op, 0));
const logical: Rule = (op) => broadcast(op, TensorType.BOOL);
const select: Rule = (op) => broadcast(op, typeOf(op, 1));

const reduce: Rule = (op) => {
  const keepDims = optionsOf(op, BuiltinOptions.ReducerOptions)?.keepDims ?? false;
  return one(typeOf(op, 0), rules.reduceShape(input(op, 0).shape, ints(op, 1), keepDims));
};

const reshape: Rule = (op) => {
  const target = intsOf(op.input(1)) ?? optionsOf(op, BuiltinOptions.ReshapeOptions)?.newShape;
  if (!target) throw new Unknown();
  return one(typeOf(op, 0), rules.reshapeTo(input(op, 0).shape, target));
};

const stridedSlice: Rule = (op) => {
  const options = optionsOf(op, BuiltinOptions.StridedSliceOptions);
  if (!options || options.ellipsisMask || options.newAxisMask) throw new Unknown();
  const bounds = { begin: ints(op, 1), end: ints(op, 2), strides: ints(op, 3) };
  return one(typeOf(op, 0), rules.rangesShape(rules.sliceRanges(input(op, 0).shape, bounds, options)));
};

const split: Rule = (op) => {
  const { shape } = input(op, 1);
  const type = typeOf(op, 1);
  const axis = rules.axisOf(ints(op, 0)[0] ?? 0, shape.length);
  const parts = op.outputs.length;
  if (!parts || shape[axis]! % parts !== 0)
    throw rules.shapeError(`expected ${parts} equal parts of axis ${axis}, got size ${shape[axis]}`);
  const part = shape.map((dim, i) => (i === axis ? dim / parts : dim));
  return op.outputs.map(() => ({ type, shape: part }));
};

const expandDims: Rule = (op) => {
  const { shape } = input(op, 0);
  const axis = rules.axisOf(ints(op, 1)[0] ?? 0, shape.length + 1);
  return one(typeOf(op, 0), [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
};

const pack: Rule = (op) => {
  const shape = input(op, 0).shape;
  const axis = rules.axisOf(optionsOf(op, BuiltinOptions.PackOptions)?.axis ?? 0, shape.length + 1);
  return one(typeOf(op, 0), [...shape.slice(0, axis), op.inputs.length, ...shape.slice(axis)]);
};

const batchMatmul: Rule = (op) => {
  const { adjointLhs = false, adjointRhs = false } = optionsOf(op, BuiltinOptions.BatchMatMulOptions) ?? {};
  return one(
    typeOf(op, 0),
    rules.matmulShape(input(op, 0).shape, input(op, 1).shape, adjointLhs, adjointRhs),
  );
};

const fullyConnected: Rule = (op) => {
  const keepNumDims = optionsOf(op, BuiltinOptions.FullyConnectedOptions)?.keepNumDims ?? false;
  return one(typeOf(op, 0), rules.connectedShape(input(op, 0).shape, input(op, 1).shape, keepNumDims));
};

const gather: Rule = (op) => {
  const { axis = 0, batchDims = 0 } = optionsOf(op, BuiltinOptions.GatherOptions) ?? {};
  return one(typeOf(op, 0), rules.gatherShape(input(op, 0).shape, input(op, 1).shape, axis, batchDims));
};

const concatenation: Rule = (op) => {
  const shapes = op.inputs.map((_, i) => input(op, i).shape);
  const axis = optionsOf(op, BuiltinOptions.ConcatenationOptions)?.axis ?? 0;
  return one(typeOf(op, 0), rules.concatShape(shapes, axis));
};

const squeeze: Rule = (op) => {
  const dims = optionsOf(op, BuiltinOptions.SqueezeOptions)?.squeezeDims ?? [];
  return one(typeOf(op, 0), rules.squeezeShape(input(op, 0).shape, dims));
};

const cast: Rule = (op) => {
  // Files without options say the type only on the output tensor.
  const type = optionsOf(op, BuiltinOptions.CastOptions)?.outDataType ?? op.output?.type;
  if (type === undefined) throw new Unknown();
  return one(type, input(op, 0).shape);
};

const transpose: Rule = (op) => one(typeOf(op, 0), rules.transposeShape(input(op, 0).shape, ints(op, 1)));

const broadcastTo: Rule = (op) => one(typeOf(op, 0), rules.broadcastTo(input(op, 0).shape, ints(op, 1)));

const slice: Rule = (op) =>
  one(typeOf(op, 0), rules.sliceShape(input(op, 0).shape, ints(op, 1), ints(op, 2)));

const code = BuiltinOperator;

const TABLE: [Rule, BuiltinOperator[]][] = [
  [
    sameAsFirst,
    [code.NEG, code.RSQRT, code.SQRT, code.SQUARE, code.EXP, code.SIN, code.COS, code.TANH, code.ABS],
  ],
  [
    sameAsFirst,
    [code.LOGISTIC, code.RELU, code.GELU, code.SOFTMAX, code.LOGICAL_NOT, code.RMS_NORM, code.ROPE],
  ],
  // [1, 1, hidden_size] in and out.
  [sameAsFirst, [code.ATTENTION]],
  [arithmetic, [code.ADD, code.SUB, code.MUL, code.DIV, code.POW, code.MAXIMUM, code.MINIMUM]],
  [logical, [code.GREATER, code.GREATER_EQUAL, code.LESS, code.LESS_EQUAL, code.EQUAL, code.NOT_EQUAL]],
  [logical, [code.LOGICAL_AND, code.LOGICAL_OR]],
  [select, [code.SELECT, code.SELECT_V2]],
  [reduce, [code.MEAN, code.SUM]],
  [cast, [code.CAST]],
  [reshape, [code.RESHAPE]],
  [transpose, [code.TRANSPOSE]],
  [broadcastTo, [code.BROADCAST_TO]],
  [stridedSlice, [code.STRIDED_SLICE]],
  [slice, [code.SLICE]],
  [split, [code.SPLIT]],
  [squeeze, [code.SQUEEZE]],
  [expandDims, [code.EXPAND_DIMS]],
  [pack, [code.PACK]],
  [concatenation, [code.CONCATENATION]],
  [gather, [code.GATHER]],
  [batchMatmul, [code.BATCH_MATMUL]],
  [fullyConnected, [code.FULLY_CONNECTED]],
];

const RULES = new Map(TABLE.flatMap(([rule, codes]) => codes.map((operator) => [operator, rule] as const)));
