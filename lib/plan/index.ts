/** Graph → program: the compiler. */

import { FileRange, readBytes } from '../circle/index.ts';
import { elementCount, type Module } from '../ir/graph/index.ts';
import { analyse } from './analyse.ts';
import { encodeProgram } from './encode.ts';
import { labelsOf, type StepLabel } from './labels.ts';
import { type PlanTable, positionModule } from './tables.ts';

/** A compiled model: what the native side runs, and what it needs from JavaScript while it does. */
export interface Plan {
  /** Instructions; layout in native/core/program.h. */
  program: Uint8Array;
  /** What the program's weights lie in: memory, or ranges of the file that the module was opened from. */
  readonly sources: (Uint8Array | FileRange)[];
  vocabSize: number;
  tables: PlanTable[];
  /** The graph of the tables alone. */
  positions(): Module;
  /** Key/value cache of each attention layer. */
  caches: { kvHeads: number; headDim: number }[];
  /** For each instruction, the part of the model that it belongs to; for profiles. */
  labels(): StepLabel[];
}

/**
 * Compiles the decode graph of a module into one row-wise program.
 * @throws GgmaError SIGNATURE when there is no decode graph; PLAN_SHAPE, PLAN_ATTENTION, PLAN_MASK, PLAN_UNSUPPORTED
 * with the operator's path for what cannot be proved; PLAN_PREFILL_DIFFERS when the prefill graph is another program
 */
export function compile(module: Module): Plan {
  const { entry, builder, arena, outputs, tables } = analyse(module);
  const { program, sources } = encodeProgram(builder, arena, outputs);
  let inMemory: Plan['sources'] | null = null;
  return {
    program,
    // The native side reads files, but wants memory in one piece. It is made at the first use, because a caller that
    // compiles a model only to check it must not hold its weights.
    get sources() {
      inMemory ??= sources.map((source) => (source instanceof FileRange ? source : readBytes(source)));
      return inMemory;
    },
    vocabSize: elementCount(entry.logits.shape),
    tables,
    positions: () => positionModule(entry, builder.tables),
    caches: builder.blocks.map(({ kvHeads, headDim }) => ({ kvHeads, headDim })),
    labels: () => labelsOf(builder.steps),
  };
}
export { type ExplainedAttention, type Explanation, explain } from './explain.ts';
export * as programFormat from './format.ts';
export { instructions } from './instructions.ts';
export type { StepLabel } from './labels.ts';
export { proveMask } from './mask.ts';
export { overPackedWeights, type ProgramShape, readProgramShape } from './packed.ts';
export { type TableData, tableData } from './table-data.ts';
export { type PlanTable, tabulatePositions } from './tables.ts';
