/**
 * A compiled plan on the native engine, one step at a time: greedy ids as a generation gives them, and the logits at
 * any position. It takes steps alone, without the run time's loop, so that tests compare the compiler and the kernels.
 */
import { createEngine, type Engine, type Program } from '../../lib/native.ts';
import type { Plan } from '../../lib/plan/index.ts';

/** Rows of position tables that are evaluated at a time. */
const TABLE_BLOCK = 128;

export class NativeRun {
  readonly plan: Plan;
  readonly #engine: Engine;
  readonly #program: Program;
  #tableRows = 0;

  private constructor(plan: Plan, engine: Engine, program: Program) {
    this.plan = plan;
    this.#engine = engine;
    this.#program = program;
  }

  static async open(plan: Plan, threads = 1): Promise<NativeRun> {
    const engine = createEngine({ threads });
    try {
      return new NativeRun(plan, engine, await engine.loadProgram(plan.program, plan.sources));
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** `count` ids behind a prompt, nothing stops them. */
  async greedy(prompt: readonly number[], count: number): Promise<number[]> {
    const sequence = this.#program.createSequence();
    try {
      const ids: number[] = [];
      let rows = rowsOf(prompt, sequence, 0, (i) => i === prompt.length - 1);
      this.#ensure(prompt.length + count);
      while (ids.length < count) {
        const [id] = await this.#program.step(rows);
        ids.push(id!);
        rows = rowsOf([id!], sequence, prompt.length + ids.length - 1, () => true);
      }
      return ids;
    } finally {
      this.#program.freeSequence(sequence);
    }
  }

  /** Logits at every position of `ids` that `wanted` takes (default: all), in one step: [wanted, vocabulary]. */
  async logits(
    ids: readonly number[],
    wanted: (position: number) => boolean = () => true,
  ): Promise<Float32Array> {
    const sequence = this.#program.createSequence();
    try {
      this.#ensure(ids.length);
      const count = ids.filter((_, i) => wanted(i)).length;
      const logits = new Float32Array(count * this.plan.vocabSize);
      await this.#program.step(rowsOf(ids, sequence, 0, wanted), { logits });
      return logits;
    } finally {
      this.#program.freeSequence(sequence);
    }
  }

  #ensure(positions: number): void {
    for (; this.#tableRows < positions; this.#tableRows += TABLE_BLOCK) {
      this.plan.tables.forEach((table, i) => {
        this.#program.setTable(i, this.#tableRows, table.evaluate(this.#tableRows, TABLE_BLOCK));
      });
    }
  }
}

function rowsOf(
  ids: readonly number[],
  sequence: number,
  first: number,
  wanted: (position: number) => boolean,
): Int32Array {
  return Int32Array.from(ids.flatMap((id, i) => [id, sequence, first + i, wanted(first + i) ? 1 : 0]));
}
