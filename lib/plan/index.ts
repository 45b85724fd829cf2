/** Graph → program: the compiler. */

import { FileRange, readBytes } from '../circle/index.ts';
import type { Module } from '../ir/graph/index.ts';
import { analyse } from './analyse.ts';
import { encodeProgram } from './encode.ts';
import { type PlanTable, positionModule } from './tables.ts';

/** A compiled model: what the native side runs, and what it needs from JavaScript while it does. */
export interface Plan {
  /** Instructions; layout in native/core/program.h. */
  program: Uint8Array;
  /** What the program's weights lie in: memory, or ranges of the file that the module was opened from. */
  sources: (Uint8Array | FileRange)[];
  vocabSize: number;
  tables: PlanTable[];
  /** The graph of the tables alone. */
  positions(): Module;
  /** Key/value cache of each attention layer. */
  caches: { kvHeads: number; headDim: number }[];
}

/**
 * Compiles the decode graph of a module into one row-wise program.
 * @throws GgmaError SIGNATURE when there is no decode graph; PLAN_SHAPE, PLAN_ATTENTION, PLAN_MASK, PLAN_UNSUPPORTED
 * with the operator's path for what cannot be proved; PLAN_PREFILL_DIFFERS when the prefill graph is another program
 */
export function compile(module: Module): Plan {
  const { entry, builder, arena, logits, tables } = analyse(module);
  const { program, sources } = encodeProgram(builder, arena, logits);
  return {
    program,
    // The native side reads files, but wants memory in one piece.
    sources: sources.map((source) => (source instanceof FileRange ? source : readBytes(source))),
    vocabSize: logits.width,
    tables,
    positions: () => positionModule(entry, builder.tables),
    caches: builder.blocks.map(({ kvHeads, headDim }) => ({ kvHeads, headDim })),
  };
}
export { type ExplainedAttention, type Explanation, explain } from './explain.ts';
export { proveMask } from './mask.ts';
export { overPackedWeights, type ProgramShape, readProgramShape } from './packed.ts';
export { type PlanTable, tabulatePositions } from './tables.ts';
