/**
 * Tabulates a value that depends on cache_position alone: cos and sin of RoPE, whatever operators compute them.
 *
 * All positions run through an operator at once. Values that vary get one more axis in front, [positions, ...shape];
 * constants stay as they are. Most operators only have to be told where that axis is; the rest run position by
 * position. Results are those of `evaluate`, bit for bit.
 */
import { BuiltinOperator, BuiltinOptions, TensorType } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { elementCount } from '../graph/index.ts';
import { optionsOf, scaledBy } from '../match/index.ts';
import { cast } from './elementwise.ts';
import { broadcastTo, concatenate, pack, reshape, transpose } from './layout.ts';
import { BINARY, RELATIONS, reshapeTarget, UNARY } from './operators.ts';
import { located, neededOps, runOperator } from './run.ts';
import { axisOf, reshapeTo } from './shape-rules.ts';
import { constantTensor, numbers, type Tensor, take } from './tensor.ts';

/** Each value's numbers at some positions, [positions, width] row by row, width = elements of the value. */
export type Tabulation = (positions: ArrayLike<number>) => Float32Array[];

/** An input of an operator: with the positions' axis in front, or the same at every position. */
interface Operand {
  tensor: Tensor;
  varies: boolean;
}

type Step = (known: Map<Value, Operand>, count: number) => void;

/** {@link compileOver} of one value for one use: [positions, width]. */
export function evaluateOver(
  graph: Graph,
  value: Value,
  positionInput: Value,
  positions: ArrayLike<number>,
): Float32Array {
  return compileOver(graph, [value], positionInput)(positions)[0]!;
}

/**
 * Prepares the tabulation of FLOAT32 values over the position input (one INT32 or INT64 element). Operators without
 * the position among their inputs are computed once, here; what several values need is computed once per call.
 * @throws GgmaError EVALUATE_INPUT when a value needs another graph input, EVALUATE_UNSUPPORTED
 */
export function compileOver(graph: Graph, values: readonly Value[], positionInput: Value): Tabulation {
  const fixed = new Map<Value, Operand>();
  const varying = new Set<Value>([positionInput]);
  const steps: Step[] = [];
  const prepare = (input: Value | null) => {
    if (input === null || varying.has(input) || fixed.has(input)) return;
    if (!input.isConstant)
      throw new GgmaError(
        'EVALUATE_INPUT',
        `expected values of '${positionInput.name}' alone, got a use of '${input.name}'`,
      );
    fixed.set(input, { tensor: constantTensor(input, 'f32'), varies: false });
  };
  for (const { op, index } of neededOps(graph, values)) {
    op.inputs.forEach(prepare);
    const step = stepOf(graph, op, index);
    if (op.inputs.some((input) => input && varying.has(input))) {
      for (const output of op.outputs) if (output) varying.add(output);
      steps.push(step);
    } else step(fixed, 1);
  }
  values.forEach(prepare);
  return (positions) => {
    const known = new Map(fixed);
    known.set(positionInput, { tensor: positionTensor(positionInput, positions), varies: true });
    for (const step of steps) step(known, positions.length);
    return values.map((value) => rowsOf(known.get(value)!, positions.length));
  };
}

function stepOf(graph: Graph, op: Op, index: number): Step {
  return (known, count) =>
    located(graph, op, index, () => {
      const operands = op.inputs.map((input) => (input ? known.get(input)! : null));
      const varies = operands.some((operand) => operand?.varies);
      const results = varies
        ? runOver(op, operands, count)
        : runOperator(
            op,
            operands.map((operand) => operand?.tensor ?? null),
            'f32',
          );
      op.outputs.forEach((output, i) => {
        if (output && results[i]) known.set(output, { tensor: results[i], varies });
      });
    });
}

function rowsOf({ tensor, varies }: Operand, count: number): Float32Array {
  const table = varies ? tensor : broadcastTo(tensor, [count, ...tensor.shape]);
  return table.data instanceof Float32Array
    ? table.data
    : (cast(table, TensorType.FLOAT32, 'f32').data as Float32Array);
}

function positionTensor(input: Value, positions: ArrayLike<number>): Tensor {
  if (elementCount(input.shape) !== 1)
    throw new GgmaError(
      'EVALUATE_INPUT',
      `expected one position in '${input.name}', got [${input.shape.join(', ')}]`,
    );
  const list = {
    type: TensorType.INT32,
    shape: [positions.length, ...input.shape],
    data: Int32Array.from(positions),
  };
  return cast(list, input.type, 'f32');
}

/** Runs an operator with at least one operand that varies. */
function runOver(op: Op, operands: (Operand | null)[], count: number): Tensor[] {
  const form = FORMS.get(op.code);
  return form?.(op, operands as Operand[], count) ?? eachPosition(op, operands, count);
}

/** What an operator does with the positions' axis in front, or undefined when it cannot be told. */
type Form = (op: Op, operands: Operand[], count: number) => Tensor[] | undefined;

/** Broadcasting aligns at the last axis: the positions' axis must stand in front of the longest operand. */
const aligned: Form = (op, operands) => {
  const ranks = operands.map(({ tensor, varies }) => tensor.shape.length - (varies ? 1 : 0));
  const rank = Math.max(...ranks);
  const inputs = operands.map(({ tensor, varies }, i) => {
    if (!varies || ranks[i] === rank) return tensor;
    const [positions, ...rest] = tensor.shape;
    return reshape(tensor, [positions!, ...new Array<number>(rank - ranks[i]!).fill(1), ...rest]);
  });
  return runOperator(op, inputs, 'f32');
};

/** x · 1.0, which exporters leave behind for "no attention scaling", is x: not computed, for start-up's sake. */
const multiplied: Form = (op, operands, count) => {
  const scaled = scaledBy(op);
  const data = operands.find((_, i) => op.inputs[i] === scaled?.input);
  const isOne = scaled?.factor === 1 && String(scaled.input.shape) === String(op.output?.shape);
  return isOne && data ? [data.tensor] : aligned(op, operands, count);
};

const reshaped: Form = (op, [x, shape], count) => {
  if (shape?.varies) return undefined;
  const call = { op, inputs: [x!.tensor, shape?.tensor ?? null], precision: 'f32' as const };
  return [reshape(x!.tensor, [count, ...reshapeTo(x!.tensor.shape.slice(1), reshapeTarget(call))])];
};

const transposed: Form = (_op, [x, axes]) => {
  if (!x || !axes || axes.varies) return undefined;
  const rank = x.tensor.shape.length - 1;
  return [transpose(x.tensor, [0, ...numbers(axes.tensor).map((axis) => axisOf(axis, rank) + 1)])];
};

const concatenated: Form = (op, operands, count) => {
  const options = optionsOf(op, BuiltinOptions.ConcatenationOptions);
  if (!options || options.fusedActivationFunction) return undefined;
  const parts = operands.map(({ tensor, varies }) =>
    varies ? tensor : broadcastTo(tensor, [count, ...tensor.shape]),
  );
  return [concatenate(parts, axisOf(options.axis, parts[0]!.shape.length - 1) + 1)];
};

/** Rows of a constant table, or rows times constant weights: leading axes pass through. */
const gathered: Form = (op, [table, ids]) => {
  const { axis = 0, batchDims = 0 } = optionsOf(op, BuiltinOptions.GatherOptions) ?? {};
  if (!table || !ids || table.varies || axis !== 0 || batchDims !== 0) return undefined;
  return runOperator(op, [table.tensor, ids.tensor], 'f32');
};

const connected: Form = (op, [x, weight, bias]) => {
  const keepNumDims = optionsOf(op, BuiltinOptions.FullyConnectedOptions)?.keepNumDims;
  if (!x || !weight || weight.varies || bias?.varies || !keepNumDims) return undefined;
  return runOperator(op, [x.tensor, weight.tensor, bias?.tensor ?? null], 'f32');
};

const code = BuiltinOperator;

const FORMS = new Map<BuiltinOperator, Form>([
  ...[...UNARY, ...BINARY, ...RELATIONS].map(([operator]) => [operator, aligned] as const),
  ...[code.NEG, code.CAST, code.LOGICAL_NOT, code.GELU, code.SELECT_V2].map(
    (operator) => [operator, aligned] as const,
  ),
  [code.MUL, multiplied],
  [code.BATCH_MATMUL, aligned],
  [code.RESHAPE, reshaped],
  [code.TRANSPOSE, transposed],
  [code.CONCATENATION, concatenated],
  [code.GATHER, gathered],
  [code.FULLY_CONNECTED, connected],
]);

function eachPosition(op: Op, operands: (Operand | null)[], count: number): Tensor[] {
  const results = Array.from({ length: count }, (_, p) =>
    runOperator(
      op,
      operands.map((operand) => operand && (operand.varies ? rowOf(operand.tensor, p) : operand.tensor)),
      'f32',
    ),
  );
  return op.outputs.map((_, i) =>
    pack(
      results.map((list) => list[i]!),
      0,
    ),
  );
}

/** The tensor at one position. */
function rowOf(tensor: Tensor, p: number): Tensor {
  const shape = tensor.shape.slice(1);
  const count = elementCount(shape);
  return take(
    tensor,
    Int32Array.from({ length: count }, (_, i) => p * count + i),
    shape,
  );
}
