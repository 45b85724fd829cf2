/** One operator, run with its errors placed; shared by `evaluate` and the tabulation over positions. */
import { operatorName } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { OPERATORS } from './operators.ts';
import { type Precision, type Tensor, Unsupported } from './tensor.ts';

export function runOperator(op: Op, inputs: readonly (Tensor | null)[], precision: Precision): Tensor[] {
  const operator = OPERATORS.get(op.code);
  if (!operator) throw new Unsupported('an operator that it has no rule for');
  const results = operator({ op, inputs, precision });
  return Array.isArray(results) ? results : [results];
}

/** Runs `work` for the operator at `index`; what goes wrong is told with the operator's name and place. */
export function located<T>(graph: Graph, op: Op, index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const name = operatorName(op.code);
    const path = `${graph.name ? `${graph.name}.` : ''}operators[${index}]`;
    if (error instanceof GgmaError && error.path === undefined)
      throw new GgmaError(error.code, `${name} '${op.output?.name ?? ''}': ${error.message}`, {
        path,
        cause: error,
      });
    throw error;
  }
}

/** The operators above the given values, with their numbers, in execution order. */
export function neededOps(graph: Graph, values: Iterable<Value>): { op: Op; index: number }[] {
  const needed = new Set<Op>();
  const queue = [...values];
  for (let value = queue.pop(); value; value = queue.pop()) {
    const op = value.producer;
    if (!op || needed.has(op)) continue;
    needed.add(op);
    for (const input of op.inputs) if (input) queue.push(input);
  }
  return graph.ops.flatMap((op, index) => (needed.has(op) ? [{ op, index }] : []));
}
