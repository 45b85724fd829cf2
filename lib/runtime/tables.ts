/**
 * Position tables (cos, sin) in blocks, before the first step that needs them: a model that allows 131,072
 * positions and is asked for 40 evaluates 64. Blocks double, so that a start is quick and a long text needs few.
 */
import type { ComputeProgram, PositionTable } from './engine.ts';

const firstBlock = 32;
const largestBlock = 1024;

export class PositionTables {
  readonly #program: Pick<ComputeProgram, 'setTable'>;
  readonly #tables: readonly PositionTable[];
  readonly #maxPositions: number;
  #ready = 0;

  /** @param maxPositions no position at or beyond it is evaluated */
  constructor(
    program: Pick<ComputeProgram, 'setTable'>,
    tables: readonly PositionTable[],
    maxPositions = Infinity,
  ) {
    this.#program = program;
    this.#tables = tables;
    this.#maxPositions = maxPositions;
  }

  /** Makes the rows of positions 0 … end − 1 present. */
  ensure(end: number): void {
    while (this.#ready < end) {
      const block = Math.min(Math.max(this.#ready, firstBlock), largestBlock);
      const count = Math.min(block, this.#maxPositions - this.#ready);
      if (count <= 0) return; // the step reports the missing row
      for (const [index, table] of this.#tables.entries())
        this.#program.setTable(index, this.#ready, table.evaluate(this.#ready, count));
      this.#ready += count;
    }
  }
}
