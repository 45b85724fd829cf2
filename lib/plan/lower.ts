/** Graph → steps: what the logits need, each value by the first lowering that takes it. */
import { operatorName } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import type { Value } from '../ir/graph/index.ts';
import { ProgramBuilder } from './builder.ts';
import { type Lowered, lowerings } from './lowerings.ts';
import type { Slot } from './program.ts';
import { type Context, pathOf } from './recognise.ts';

/** The row-wise program of a graph, before its rows are sorted into wanted and others. */
export interface LoweredGraph {
  context: Context;
  builder: ProgramBuilder;
  logits: Slot;
}

/** @throws GgmaError PLAN_UNSUPPORTED with the path of an operator that cannot be shown to work row by row */
export function lowerGraph(context: Context): LoweredGraph {
  const { entry } = context;
  const builder = new ProgramBuilder();
  const lowered = new Map<Value, Lowered>();
  const queue = [entry.logits];
  for (let value = queue.pop(); value; value = queue.pop()) {
    if (lowered.has(value)) continue;
    const found = lowerValue(value, context);
    lowered.set(value, found);
    queue.push(...found.reads);
  }
  const order = new Map(entry.graph.ops.map((op, i) => [op, i]));
  const values = [...lowered.keys()].sort((a, b) => order.get(a.producer!)! - order.get(b.producer!)!);
  const slots = new Map<Value, Slot>();
  for (const value of values) {
    const { reads, emit } = lowered.get(value)!;
    builder.origin = value;
    const sources = reads.map((read) => slots.get(read)!);
    try {
      slots.set(value, emit(builder, sources));
    } catch (error) {
      if (!(error instanceof GgmaError) || error.path !== undefined) throw error;
      throw new GgmaError(error.code, error.message, { path: pathOf(entry, value.producer), cause: error });
    }
  }
  return { context, builder, logits: slots.get(entry.logits)! };
}

function lowerValue(value: Value, context: Context): Lowered {
  const { entry } = context;
  const op = value.producer;
  // With several rows, a value whose rows were mixed or moved must not be taken for one that kept them.
  const hasRows = entry.rows.count === 1 || entry.rows.axisOf(value) !== undefined;
  for (const lowering of op && hasRows ? lowerings : []) {
    const found = lowering(value, op!, context);
    if (found) return found;
  }
  const what = op
    ? `${operatorName(op.code)} making '${value.name}'`
    : `'${value.name}', which no operator makes`;
  throw new GgmaError('PLAN_UNSUPPORTED', `expected an operator that works row by row, got ${what}`, {
    path: pathOf(entry, op),
  });
}
