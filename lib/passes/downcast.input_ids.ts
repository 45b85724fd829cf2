/**
 * downcast.input_ids: token ids come as INT32.
 *
 *   BEFORE  graph input INT64, read as the indices of GATHER only       AFTER  the same input, INT32
 *
 * An input that another operator reads too is left alone: that operator's types would no longer fit.
 */
import { BuiltinOperator, TensorType } from '../circle/index.ts';
import { type Outcome, simpleFilter } from './pass.ts';

export const downcastInputIds = simpleFilter(
  'downcast.input_ids',
  'make graph inputs that GATHER reads as ids INT32',
  (module) => {
    const outcome: Outcome = { changed: 0, candidates: 0, what: 'inputs that index a GATHER', reasons: [] };
    for (const graph of module.graphs) {
      for (const input of graph.inputs) {
        const gathers = input.users.filter(
          (op) => op.code === BuiltinOperator.GATHER && op.input(1) === input,
        );
        if (gathers.length === 0) continue;
        outcome.candidates++;
        const stranger = input.users.find((op) => !gathers.includes(op));
        if (input.type !== TensorType.INT64) {
          outcome.reasons.push(`'${input.name}' is ${TensorType[input.type]}, not INT64`);
        } else if (stranger) {
          outcome.reasons.push(`'${input.name}' is also read by ${BuiltinOperator[stranger.code]}`);
        } else {
          input.type = TensorType.INT32;
          outcome.changed++;
        }
      }
    }
    if (outcome.candidates === 0) outcome.reasons.push('no graph input indexes a GATHER');
    return outcome;
  },
);
