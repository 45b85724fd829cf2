/**
 * reshape.fc_weight: weights of FULLY_CONNECTED are matrices.
 *
 *   BEFORE  FULLY_CONNECTED(x, W[1, …, 1, out, in])      AFTER  FULLY_CONNECTED(x, W[out, in])
 *
 * A weight that an operator of another kind reads too, or that is a graph output, is left alone.
 */
import { BuiltinOperator } from '../circle/index.ts';
import type { Value } from '../ir/graph/index.ts';
import { type Outcome, simpleFilter } from './pass.ts';

export const reshapeFcWeight = simpleFilter(
  'reshape.fc_weight',
  'give FULLY_CONNECTED weights of shape [1, …, 1, out, in] the shape [out, in]',
  (module) => {
    const outcome: Outcome = { changed: 0, candidates: 0, what: 'FULLY_CONNECTED weights', reasons: [] };
    for (const graph of module.graphs) {
      const connected = graph.ops.filter((op) => op.code === BuiltinOperator.FULLY_CONNECTED);
      const weights = new Set(
        connected.map((op) => op.input(1)).filter((value): value is Value => value !== undefined),
      );
      for (const weight of weights) {
        outcome.candidates++;
        if (weight.shape.length <= 2) continue;
        const others = weight.users.find(
          (op) => op.code !== BuiltinOperator.FULLY_CONNECTED || op.input(1) !== weight,
        );
        if (!weight.isConstant) outcome.reasons.push(`'${weight.name}' is no constant`);
        else if (weight.shape.slice(0, -2).some((dim) => dim !== 1))
          outcome.reasons.push(`'${weight.name}' is [${weight.shape.join(', ')}]`);
        else if (others)
          outcome.reasons.push(`'${weight.name}' is also read by ${BuiltinOperator[others.code]}`);
        else if (graph.outputs.includes(weight)) outcome.reasons.push(`'${weight.name}' is a graph output`);
        else {
          weight.shape = weight.shape.slice(-2);
          outcome.changed++;
        }
      }
    }
    if (outcome.changed === 0 && outcome.reasons.length === 0)
      outcome.reasons.push('every weight is a matrix');
    return outcome;
  },
);
