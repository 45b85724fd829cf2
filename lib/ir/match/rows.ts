/**
 * One row of a graph over several: where the rows of a prompt lie in each value. A decode graph has one row, and any
 * reshape keeps it; in a prefill graph of L rows an operator keeps a row only when it leaves the axis of the rows
 * whole and the order of the other elements as it was.
 */
import { BuiltinOperator, BuiltinOptions } from '../../circle/index.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { elementCount, intsOf } from '../graph/index.ts';
import { dataInput, keepsOrder, lastAxisSlice, normalAxis, optionsOf } from './pattern.ts';

export interface Rows {
  /** L */
  count: number;
  /** Elements of one row of a value. */
  widthOf(value: Value): number;
  /** The axis that counts rows; undefined where the rows were lost. With one row: undefined too, any axis would do. */
  axisOf(value: Value): number | undefined;
  /** Whether the operator gives each row another shape only, its elements in the same flat order. */
  keepsOrder(op: Op): boolean;
  /** Whether a constant has one element for each of a row of `like`, the same for every row: a bias. */
  isVector(constant: Value, like: Value): boolean;
  /** Whether a value gives each row of `like` [..., width] a row of `width` of its own: cos, sin. */
  isTable(value: Value, like: Value, width: number): boolean;
}

/** Rows of a graph whose inputs hold one token. */
export const oneRow: Rows = {
  count: 1,
  widthOf: (value) => elementCount(value.shape),
  axisOf: () => undefined,
  keepsOrder,
  isVector: (constant, like) => elementCount(constant.shape) === elementCount(like.shape),
  isTable: (value, _like, width) => value.shape.at(-1) === width && elementCount(value.shape) === width,
};

/** Rows of a graph whose `tokens` are [1, L]. */
export function rowsOf(graph: Graph, tokens: Value): Rows {
  const count = elementCount(tokens.shape);
  if (count === 1) return oneRow;
  const axes = new Map<Value, number>([[tokens, tokens.shape.length - 1]]);
  /** Values that some input reaches, but whose rows are not known: what reads one of them is lost too. */
  const lost = new Set<Value>(graph.inputs.filter((value) => value !== tokens));
  for (const op of graph.ops) {
    const isLost = op.inputs.some((input) => input && lost.has(input));
    const axis = isLost ? undefined : axisAfter(op, axes, count);
    const reached = isLost || op.inputs.some((input) => input && axes.has(input));
    for (const output of op.outputs) {
      if (!output) continue;
      if (axis !== undefined && op.outputs.length === 1 && output.shape[axis] === count)
        axes.set(output, axis);
      else if (reached) lost.add(output);
    }
  }
  const axisOf = (value: Value) => axes.get(value);
  return {
    count,
    widthOf: (value) => elementCount(value.shape) / count,
    axisOf,
    keepsOrder: (op) => keepsRows(op, axes),
    isVector: (constant, like) => {
      const axis = axisOf(like);
      const want = like.shape.map((dim, i) => (i === axis ? 1 : dim));
      return axis !== undefined && String(padded(constant.shape, want.length)) === String(want);
    },
    isTable: (value, like, width) => {
      const [axis, last] = [axisOf(like), like.shape.length - 1];
      const want = like.shape.map((_, i) => (i === axis ? count : i === last ? width : 1));
      return axis !== undefined && axis !== last && String(padded(value.shape, last + 1)) === String(want);
    },
  };
}

/** The shape with axes of one element in front. */
function padded(shape: readonly number[], rank: number): number[] {
  return [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
}

function keepsRows(op: Op, axes: ReadonlyMap<Value, number>): boolean {
  const [input, output] = [dataInput(op), op.output];
  if (!input || !output) return false;
  const axis = axes.get(input);
  if (axis === undefined || axes.get(output) === undefined) return false;
  if (op.code !== BuiltinOperator.TRANSPOSE) return keepsOrder(op);
  // The axis of the rows may go anywhere; the others keep their order, but for those of one element.
  const moved = intsOf(op.input(1))?.filter((at) => at !== axis && input.shape[at] !== 1);
  return moved?.every((at, i) => i === 0 || moved[i - 1]! < at) ?? false;
}

/** The axis of the rows in an operator's output, from those of its inputs. */
function axisAfter(op: Op, axes: ReadonlyMap<Value, number>, count: number): number | undefined {
  const known = op.inputs.flatMap((input) => {
    const axis = input ? axes.get(input) : undefined;
    return input && axis !== undefined ? [{ input, axis, fromEnd: input.shape.length - axis }] : [];
  });
  const [first] = known;
  const rank = op.output?.shape.length ?? 0;
  if (!first) return undefined;
  const { input, axis } = first;
  const isLast = axis === input.shape.length - 1;
  switch (op.code) {
    case BuiltinOperator.GATHER: {
      const options = optionsOf(op, BuiltinOptions.GatherOptions);
      const isPlain = !options?.axis && !options?.batchDims && op.input(1) === input;
      return isPlain ? axis : undefined;
    }
    case BuiltinOperator.RESHAPE:
    case BuiltinOperator.SQUEEZE:
    case BuiltinOperator.EXPAND_DIMS: {
      // The axis with the same number of elements before it.
      const before = elementCount(input.shape.slice(0, axis));
      const found = op.output!.shape.findIndex(
        (dim, i) => dim === count && elementCount(op.output!.shape.slice(0, i)) === before,
      );
      return found < 0 ? undefined : found;
    }
    case BuiltinOperator.TRANSPOSE: {
      const found =
        intsOf(op.input(1))
          ?.map((at) => normalAxis(at, rank))
          .indexOf(axis) ?? -1;
      return found < 0 ? undefined : found;
    }
    case BuiltinOperator.MEAN:
    case BuiltinOperator.SUM: {
      const reduced = intsOf(op.input(1))?.map((at) => normalAxis(at, input.shape.length));
      const keepsDims = optionsOf(op, BuiltinOptions.ReducerOptions)?.keepDims === true;
      return keepsDims && reduced && !reduced.includes(axis) ? axis : undefined;
    }
    case BuiltinOperator.SOFTMAX:
      return isLast ? undefined : axis;
    case BuiltinOperator.STRIDED_SLICE:
      return !isLast && lastAxisSlice(op) ? axis : undefined;
    case BuiltinOperator.FULLY_CONNECTED: {
      const keepsDims = optionsOf(op, BuiltinOptions.FullyConnectedOptions)?.keepNumDims === true;
      return keepsDims && !isLast && op.input(0) === input && known.length === 1 ? axis : undefined;
    }
    case BuiltinOperator.BATCH_MATMUL: {
      const adjoint = optionsOf(op, BuiltinOptions.BatchMatMulOptions)?.adjointLhs;
      return op.input(0) === input && !adjoint && axis === input.shape.length - 2 ? axis : undefined;
    }
    case BuiltinOperator.CONCATENATION: {
      const joined = normalAxis(optionsOf(op, BuiltinOptions.ConcatenationOptions)?.axis ?? 0, rank);
      const agree = known.length === op.inputs.length && known.every((one) => one.axis === axis);
      return agree && joined !== axis ? axis : undefined;
    }
    default:
      if (!ELEMENTWISE.has(op.code)) return undefined;
      return known.every(({ fromEnd }) => fromEnd === first.fromEnd) ? rank - first.fromEnd : undefined;
  }
}

const code = BuiltinOperator;

/** Operators that work element by element, with operands aligned at the last axis. */
const ELEMENTWISE = new Set<BuiltinOperator>([
  ...[code.ADD, code.SUB, code.MUL, code.DIV, code.POW, code.MAXIMUM, code.MINIMUM],
  ...[code.ABS, code.EXP, code.GELU, code.LOGISTIC, code.NEG, code.RELU, code.RSQRT, code.SQRT],
  ...[code.SQUARE, code.TANH, code.CAST, code.BROADCAST_TO],
]);
