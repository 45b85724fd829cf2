/**
 * Position tables (cos, sin), evaluated in blocks before the first step that needs them: a model that allows 131,072
 * positions and is asked for 40 evaluates 64. Each block doubles what there is, so that a start is quick and a long text
 * needs few blocks.
 */
import type { ComputeProgram, ExecutablePlan } from './engine.ts';

const FIRST_BLOCK = 32;
const MAX_BLOCK = 1024;

export class PositionTables {
  readonly #program: Pick<ComputeProgram, 'setTable'>;
  readonly #plan: Pick<ExecutablePlan, 'tables' | 'loadTables'>;
  /** No position at or beyond it is evaluated. */
  readonly #maxPositions: number;
  #ready = 0;

  constructor(
    program: Pick<ComputeProgram, 'setTable'>,
    plan: Pick<ExecutablePlan, 'tables' | 'loadTables' | 'maxPositions'>,
  ) {
    this.#program = program;
    this.#plan = plan;
    this.#maxPositions = plan.maxPositions ?? Infinity;
  }

  /** Makes the rows of positions 0 … end − 1 present: at once (null), or when what evaluates them is loaded. */
  ensure(end: number): Promise<void> | null {
    if (end <= this.#ready) return null;
    const loading = this.#plan.loadTables?.(this.#blocksUpTo(end)) ?? null;
    if (loading !== null) return loading.then(() => this.#fill(end));
    this.#fill(end);
    return null;
  }

  #fill(end: number): void {
    while (this.#ready < end) {
      const count = this.#blockAt(this.#ready);
      if (count <= 0) return; // the engine's step then fails with TABLE_MISSING
      for (const [index, table] of this.#plan.tables.entries())
        this.#program.setTable(index, this.#ready, table.evaluate(this.#ready, count));
      this.#ready += count;
    }
  }

  /** Rows of the block that begins at a position. */
  #blockAt(first: number): number {
    return Math.min(Math.max(first, FIRST_BLOCK), MAX_BLOCK, this.#maxPositions - first);
  }

  /** Where the block ends that holds position end − 1. */
  #blocksUpTo(end: number): number {
    let at = this.#ready;
    for (let count = 1; at < end && count > 0; at += count) count = this.#blockAt(at);
    return at;
  }
}
