/**
 * Refuses graphs whose tensors do not have the shapes and types that their operators give. The compiler relies on the
 * declared ones everywhere, and readers of Circle differ in which of the two they take.
 */
import { operatorName, tensorTypeName } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { inferOutputs, neededOps, type TensorSpec } from '../ir/evaluate/index.ts';
import type { Graph, Op, Value } from '../ir/graph/index.ts';

/**
 * @param values what is computed; operators that none of them needs are not looked at
 * @param path of the graph
 * @throws GgmaError PLAN_SHAPE with the operator's path
 */
export function checkShapes(graph: Graph, values: readonly Value[], path: string): void {
  for (const { op, index } of neededOps(graph, values)) {
    const at = `${path}.operators[${index}]`;
    // null: an operator without a rule. Whoever reads its values refuses it with a better reason.
    const specs = inferred(op, at);
    if (specs === null) continue;
    op.outputs.forEach((output, i) => {
      const spec = specs[i];
      if (!output || !spec) return;
      const [want, got] = [text(spec), text(output)];
      if (want !== got)
        throw new GgmaError(
          'PLAN_SHAPE',
          `expected '${output.name}' to be ${want}, which ${operatorName(op.code)} makes, got ${got}`,
          { path: at },
        );
    });
  }
}

function inferred(op: Op, path: string): TensorSpec[] | null {
  try {
    return inferOutputs(op) ?? null;
  } catch (cause) {
    if (!(cause instanceof GgmaError)) throw cause;
    throw new GgmaError('PLAN_SHAPE', `expected operands that fit, got ${cause.message}`, { path, cause });
  }
}

const text = ({ type, shape }: TensorSpec): string => `${tensorTypeName(type)}[${shape.join(', ')}]`;
