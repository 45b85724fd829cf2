/** Refuses constants whose bytes are not their elements in order: native code would read them as if they were. */
import { BuiltinOptions, FullyConnectedOptionsWeightsFormat, operatorName } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import type { Graph } from '../ir/graph/index.ts';
import { isDense } from '../ir/graph/index.ts';
import { optionsOf } from '../ir/match/index.ts';

/**
 * @param path of the graph
 * @throws GgmaError PLAN_UNSUPPORTED naming the tensor or the operator
 */
export function checkStorage(graph: Graph, path: string): void {
  graph.values.forEach((value, i) => {
    if (isDense(value)) return;
    const what = value.attributes.sparsity === null ? 'compressed' : 'sparse';
    throw new GgmaError('PLAN_UNSUPPORTED', `expected dense tensors, got '${value.name}', which is ${what}`, {
      path: `${path}.tensors[${i}]`,
    });
  });
  graph.ops.forEach((op, i) => {
    const format = optionsOf(op, BuiltinOptions.FullyConnectedOptions)?.weightsFormat ?? 0;
    if (format === FullyConnectedOptionsWeightsFormat.DEFAULT) return;
    const name = FullyConnectedOptionsWeightsFormat[format] ?? `format ${format}`;
    throw new GgmaError(
      'PLAN_UNSUPPORTED',
      `expected weights in DEFAULT format for ${operatorName(op.code)} making '${op.output?.name ?? ''}', got ${name}`,
      { path: `${path}.operators[${i}]` },
    );
  });
}
