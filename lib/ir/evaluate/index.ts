/**
 * The reference interpreter: what a graph computes, in plain JavaScript. It is the truth that filters, export and the
 * compiler are tested against, and what tabulates the values that depend on cache_position alone (`over.ts`).
 */
import { BuiltinOperator, tensorTypeName } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { attention } from './attention.ts';
import { located, neededOps, runOperator } from './run.ts';
import { constantTensor, type Precision, type Tensor, Unsupported, withPrecision } from './tensor.ts';

export { compileOver, evaluateOver } from './over.ts';
export type { Precision, Tensor, TensorData } from './tensor.ts';

export interface EvaluateOptions {
  /** 'f32' (default) rounds every stored element to float32; sums run in double either way. */
  precision?: Precision;
  /** Default: the graph's outputs that anything produces. Only what these need is computed. */
  outputs?: readonly Value[];
}

/**
 * Evaluates a graph. The result holds the outputs, and under each cache input that an evaluated ATTENTION wrote the
 * cache with its new row; the caller's tensors are left as they were.
 * @param inputs a tensor for each graph input that the outputs need, of the input's type and shape
 * @throws GgmaError EVALUATE_INPUT for a missing or unfit input, EVALUATE_UNSUPPORTED naming an operator that is not
 * known here, SHAPE_INVALID when operands do not fit; each with the operator's path
 */
export function evaluate(
  graph: Graph,
  inputs: ReadonlyMap<Value, Tensor>,
  { precision = 'f32', outputs }: EvaluateOptions = {},
): Map<Value, Tensor> {
  const graphInputs = new Set(graph.inputs);
  const wanted =
    outputs ?? graph.outputs.filter((value) => value.producer || value.isConstant || graphInputs.has(value));
  const known = new Map<Value, Tensor>();
  const caches = new Set<Value>();
  const tensorOf = (value: Value): Tensor => {
    const tensor =
      known.get(value) ??
      (value.isConstant
        ? constantTensor(value, precision)
        : inputTensor(value, inputs.get(value), precision));
    known.set(value, tensor);
    return tensor;
  };
  for (const { op, index } of neededOps(graph, wanted)) {
    located(graph, op, index, () => {
      const tensors = op.inputs.map((input) => input && tensorOf(input));
      if (op.code === BuiltinOperator.ATTENTION) {
        for (const cache of attend(op, tensors, known, precision)) caches.add(cache);
        return;
      }
      const results = runOperator(op, tensors, precision);
      op.outputs.forEach((output, i) => {
        if (output && results[i]) known.set(output, results[i]);
      });
    });
  }
  return new Map([...wanted, ...caches].map((value) => [value, tensorOf(value)]));
}

/** ATTENTION writes its caches in place: later readers of a cache see the new row. Gives the caches' values. */
function attend(
  op: Op,
  tensors: (Tensor | null)[],
  known: Map<Value, Tensor>,
  precision: Precision,
): Value[] {
  const input = (i: number): Tensor => {
    const tensor = tensors[i];
    if (!tensor) throw new Unsupported(`no input ${i}`);
    return tensor;
  };
  const result = attention(
    {
      hidden: input(0),
      wq: input(1),
      wk: input(2),
      wv: input(3),
      wo: input(4),
      cos: input(5),
      sin: input(6),
      mask: input(7),
      keyCache: input(8),
      valueCache: input(9),
      position: input(10),
    },
    precision,
  );
  const [keys, values] = [op.input(8)!, op.input(9)!];
  known.set(keys, result.keyCache);
  known.set(values, result.valueCache);
  if (op.output) known.set(op.output, result.output);
  return [keys, values];
}

function inputTensor(value: Value, tensor: Tensor | undefined, precision: Precision): Tensor {
  const fits = tensor?.type === value.type && String(tensor.shape) === String(value.shape);
  if (tensor && fits) return withPrecision(tensor, precision);
  const got = tensor ? `${tensorTypeName(tensor.type)}[${tensor.shape.join(', ')}]` : 'nothing';
  throw new GgmaError(
    'EVALUATE_INPUT',
    `expected ${tensorTypeName(value.type)}[${value.shape.join(', ')}] for '${value.name}', got ${got}`,
  );
}

export { neededOps } from './run.ts';
export { inferOutputs, type TensorSpec } from './shape.ts';
export { widen } from './widen.ts';
