/**
 * One program serves prefill and decode, so both graphs of a package must hold the same weights: by identity of the
 * buffer (merge.circles shares them) or by equal bytes.
 */
import { BuiltinOperator } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { bytesOf } from '../ir/constants.ts';
import type { Graph, Op, Value } from '../ir/graph.ts';

/** @throws GgmaError PLAN_PREFILL_DIFFERS naming the first weight of one graph that the other does not have */
export function checkSameWeights(decode: Graph, prefill: Graph): void {
  const [left, right] = [matricesOf(decode), matricesOf(prefill)];
  for (const weight of left) requireIn(weight, right, 'decode', 'prefill');
  for (const weight of right) requireIn(weight, left, 'prefill', 'decode');
  const [first, second] = [left.length, right.length];
  if (first !== second)
    throw new GgmaError(
      'PLAN_PREFILL_DIFFERS',
      `expected ${first} weights in prefill as in decode, got ${second}`,
    );
}

/** Weights in the order in which operators read them. */
function matricesOf(graph: Graph): Value[] {
  const found = graph.ops.flatMap((op) => weightsOf(op)).filter((value) => value.isConstant);
  return [...new Set(found)];
}

function weightsOf(op: Op): Value[] {
  const inputs =
    op.code === BuiltinOperator.ATTENTION
      ? op.inputs.slice(1, 5)
      : op.code === BuiltinOperator.FULLY_CONNECTED
        ? op.inputs.slice(1, 3)
        : op.code === BuiltinOperator.GATHER
          ? op.inputs.slice(0, 1)
          : [];
  // The small matrix of RoPE's frequencies is computed with in decode, and folded into a table in prefill.
  return inputs.filter(
    (value): value is Value => value !== null && value.shape.length === 2 && value.shape[1]! > 1,
  );
}

function requireIn(weight: Value, others: readonly Value[], here: string, there: string): void {
  const same = (other: Value) =>
    other.buffer === weight.buffer ||
    (String(other.shape) === String(weight.shape) && other.type === weight.type && equalBytes(other, weight));
  if (!others.some(same))
    throw new GgmaError(
      'PLAN_PREFILL_DIFFERS',
      `expected the weight '${weight.name}' of the ${here} graph in the ${there} graph too, got none of its content`,
    );
}

function equalBytes(a: Value, b: Value): boolean {
  return Buffer.compare(bytesOf(a)!, bytesOf(b)!) === 0;
}
