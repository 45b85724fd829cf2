/** The graph of the position tables: what a prepared package loads when a text goes beyond the rows that it has. */
import { readModel, requireValid } from '../../circle/index.ts';
import { lift } from '../../ir/graph/index.ts';
import { type PlanTable, tabulatePositions } from '../../plan/index.ts';

/** @throws GgmaError CIRCLE_*, EVALUATE_* */
export function tabulateCircle(bytes: Uint8Array, where: string): PlanTable[] {
  const model = readModel(bytes, where);
  requireValid(model);
  return tabulatePositions(lift(model));
}
