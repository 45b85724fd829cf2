/** The registry: how each operator is evaluated, from its options and input tensors to its output tensors. */
import { BuiltinOperator, BuiltinOptions, RoPEMode, TensorType } from '../../circle/index.ts';
import type { Op } from '../graph/index.ts';
import { optionsOf } from '../match/index.ts';
import { rope } from './attention.ts';
import * as element from './elementwise.ts';
import * as layout from './layout.ts';
import { gelu } from './math.ts';
import { batchMatmul, fullyConnected } from './products.ts';
import { reduce, rmsNorm, softmax } from './reduce.ts';
import { sliceRanges } from './shape-rules.ts';
import { numbers, type Precision, type Tensor, Unsupported } from './tensor.ts';

/** One operator at work. */
export interface Call {
  op: Op;
  /** null for an optional input that is left out. */
  inputs: readonly (Tensor | null)[];
  precision: Precision;
}

export type Operator = (call: Call) => Tensor | Tensor[];

/** Input i, which the operator's definition requires. */
export function tensor(call: Call, i: number): Tensor {
  const found = call.inputs[i];
  if (!found) throw new Unsupported(`no input ${i}`);
  return found;
}

/** All inputs of an operator that takes any number. */
export function tensors(call: Call): Tensor[] {
  return call.inputs.map((_, i) => tensor(call, i));
}

const unary =
  (f: (x: number) => number): Operator =>
  (call) =>
    element.unary(tensor(call, 0), f);

const binary =
  (f: element.Arithmetic): Operator =>
  (call) =>
    activated(call, element.binary(tensor(call, 0), tensor(call, 1), call.precision, f));

const relation =
  (f: Parameters<typeof element.compare>[2]): Operator =>
  (call) =>
    element.compare(tensor(call, 0), tensor(call, 1), f);

function activated(call: Call, result: Tensor): Tensor {
  const options = call.op.attributes.builtinOptions as { fusedActivationFunction?: number } | null;
  return element.activated(result, options?.fusedActivationFunction ?? 0);
}

/** −x as x · −1, so that integers are covered and 0 becomes −0. */
const neg: Operator = (call) => {
  const x = tensor(call, 0);
  const minusOne = element.cast(
    { type: TensorType.INT32, shape: [], data: Int32Array.of(-1) },
    x.type,
    call.precision,
  );
  return element.binary(x, minusOne, call.precision, { float: (a, b) => a * b, integer: (a, b) => a * b });
};

const reduction =
  (mean: boolean): Operator =>
  (call) => {
    const keepDims = optionsOf(call.op, BuiltinOptions.ReducerOptions)?.keepDims ?? false;
    return reduce(tensor(call, 0), numbers(tensor(call, 1)), keepDims, mean, call.precision);
  };

const cast: Operator = (call) => {
  const type = optionsOf(call.op, BuiltinOptions.CastOptions)?.outDataType ?? call.op.output?.type;
  if (type === undefined) throw new Unsupported('a cast to no type');
  return element.cast(tensor(call, 0), type, call.precision);
};

const reshape: Operator = (call) => layout.reshape(tensor(call, 0), reshapeTarget(call));

/** The shape that RESHAPE asks for; -1 is not yet resolved. */
export function reshapeTarget(call: Call): readonly number[] {
  const shape = call.inputs[1];
  const target = shape ? numbers(shape) : optionsOf(call.op, BuiltinOptions.ReshapeOptions)?.newShape;
  if (!target) throw new Unsupported('no target shape');
  return target;
}

const stridedSlice: Operator = (call) => {
  const options = optionsOf(call.op, BuiltinOptions.StridedSliceOptions);
  if (!options || options.ellipsisMask || options.newAxisMask) throw new Unsupported('ellipsis and new axes');
  const [begin, end, strides] = [1, 2, 3].map((i) => numbers(tensor(call, i))) as [
    number[],
    number[],
    number[],
  ];
  const x = tensor(call, 0);
  return layout.slice(x, sliceRanges(x.shape, { begin, end, strides }, options));
};

const gather: Operator = (call) => {
  const { axis = 0, batchDims = 0 } = optionsOf(call.op, BuiltinOptions.GatherOptions) ?? {};
  return layout.gather(tensor(call, 0), tensor(call, 1), axis, batchDims);
};

const concatenation: Operator = (call) => {
  const axis = optionsOf(call.op, BuiltinOptions.ConcatenationOptions)?.axis ?? 0;
  return activated(call, layout.concatenate(tensors(call), axis));
};

const matmul: Operator = (call) => {
  const { adjointLhs = false, adjointRhs = false } =
    optionsOf(call.op, BuiltinOptions.BatchMatMulOptions) ?? {};
  return batchMatmul(tensor(call, 0), tensor(call, 1), adjointLhs, adjointRhs, call.precision);
};

const connected: Operator = (call) => {
  const options = optionsOf(call.op, BuiltinOptions.FullyConnectedOptions);
  if (options?.weightsFormat) throw new Unsupported('shuffled weights');
  const [x, weight] = [tensor(call, 0), tensor(call, 1)];
  const bias = call.inputs[2] ?? null;
  return activated(call, fullyConnected(x, weight, bias, options?.keepNumDims ?? false, call.precision));
};

const ropeOperator: Operator = (call) => {
  if (optionsOf(call.op, BuiltinOptions.RoPEOptions)?.mode !== RoPEMode.GPT_NEOX)
    throw new Unsupported('ROPE of interleaved pairs');
  return rope(tensor(call, 0), tensor(call, 1), tensor(call, 2), call.precision);
};

/** Math.max takes no bigint. */
function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

const code = BuiltinOperator;

export const UNARY: [BuiltinOperator, (x: number) => number][] = [
  [code.ABS, Math.abs],
  [code.COS, Math.cos],
  [code.EXP, Math.exp],
  [code.LOGISTIC, (x) => 1 / (1 + Math.exp(-x))],
  [code.RELU, (x) => Math.max(x, 0)],
  [code.RSQRT, (x) => 1 / Math.sqrt(x)],
  [code.SIN, Math.sin],
  [code.SQRT, Math.sqrt],
  [code.SQUARE, (x) => x * x],
  [code.TANH, Math.tanh],
];

export const BINARY: [BuiltinOperator, element.Arithmetic][] = [
  [code.ADD, { float: (a, b) => a + b, integer: (a, b) => a + b }],
  [code.SUB, { float: (a, b) => a - b, integer: (a, b) => a - b }],
  [code.MUL, { float: (a, b) => a * b, integer: (a, b) => a * b }],
  [code.DIV, { float: (a, b) => a / b, integer: (a, b) => a / b }],
  [code.POW, { float: (a, b) => a ** b, integer: (a, b) => a ** b }],
  [code.MAXIMUM, { float: Math.max, integer: larger }],
  [code.MINIMUM, { float: Math.min, integer: (a, b) => -larger(-a, -b) }],
];

export const RELATIONS: [BuiltinOperator, Parameters<typeof element.compare>[2]][] = [
  [code.EQUAL, (a, b) => a === b],
  [code.NOT_EQUAL, (a, b) => a !== b],
  [code.GREATER, (a, b) => a > b],
  [code.GREATER_EQUAL, (a, b) => a >= b],
  [code.LESS, (a, b) => a < b],
  [code.LESS_EQUAL, (a, b) => a <= b],
  [code.LOGICAL_AND, (a, b) => Boolean(a) && Boolean(b)],
  [code.LOGICAL_OR, (a, b) => Boolean(a) || Boolean(b)],
];

export const OPERATORS = new Map<BuiltinOperator, Operator>([
  ...UNARY.map(([operator, f]) => [operator, unary(f)] as const),
  ...BINARY.map(([operator, f]) => [operator, binary(f)] as const),
  ...RELATIONS.map(([operator, f]) => [operator, relation(f)] as const),
  [code.NEG, neg],
  [code.LOGICAL_NOT, (call) => element.compare(tensor(call, 0), tensor(call, 0), (a) => !a)],
  [
    code.GELU,
    (call) => unary(gelu(optionsOf(call.op, BuiltinOptions.GeluOptions)?.approximate ?? false))(call),
  ],
  [code.SELECT, (call) => element.select(tensor(call, 0), tensor(call, 1), tensor(call, 2), call.precision)],
  [
    code.SELECT_V2,
    (call) => element.select(tensor(call, 0), tensor(call, 1), tensor(call, 2), call.precision),
  ],
  [code.CAST, cast],
  [code.MEAN, reduction(true)],
  [code.SUM, reduction(false)],
  [code.SOFTMAX, (call) => softmax(tensor(call, 0), softmaxBeta(call.op), call.precision)],
  [code.RMS_NORM, (call) => rmsNorm(tensor(call, 0), tensor(call, 1), rmsEpsilon(call.op), call.precision)],
  [code.ROPE, ropeOperator],
  [code.RESHAPE, reshape],
  [code.SQUEEZE, (call) => layout.squeeze(tensor(call, 0), squeezeDims(call.op))],
  [code.EXPAND_DIMS, (call) => layout.expandDims(tensor(call, 0), numbers(tensor(call, 1))[0]!)],
  [code.TRANSPOSE, (call) => layout.transpose(tensor(call, 0), numbers(tensor(call, 1)))],
  [code.BROADCAST_TO, (call) => layout.broadcastTo(tensor(call, 0), numbers(tensor(call, 1)))],
  [code.STRIDED_SLICE, stridedSlice],
  [
    code.SLICE,
    (call) => layout.sliceFrom(tensor(call, 0), numbers(tensor(call, 1)), numbers(tensor(call, 2))),
  ],
  [code.SPLIT, (call) => layout.split(tensor(call, 1), numbers(tensor(call, 0))[0]!, call.op.outputs.length)],
  [
    code.PACK,
    (call) => layout.pack(tensors(call), optionsOf(call.op, BuiltinOptions.PackOptions)?.axis ?? 0),
  ],
  [code.CONCATENATION, concatenation],
  [code.GATHER, gather],
  [code.BATCH_MATMUL, matmul],
  [code.FULLY_CONNECTED, connected],
]);

function softmaxBeta(op: Op): number {
  return optionsOf(op, BuiltinOptions.SoftmaxOptions)?.beta ?? 1;
}

function rmsEpsilon(op: Op): number {
  return optionsOf(op, BuiltinOptions.RmsNormOptions)?.epsilon ?? 0;
}

export function squeezeDims(op: Op): readonly number[] {
  return optionsOf(op, BuiltinOptions.SqueezeOptions)?.squeezeDims ?? [];
}
