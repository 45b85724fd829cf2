/**
 * Keys and values of prompts that were seen before: a request that begins like one of them starts where they part. The
 * sequences share memory until one is written to, and the bits are those of a run from the start.
 */
import { GgmaError } from '../errors.ts';
import type { ComputeProgram } from './engine.ts';

interface Entry {
  sequence: number;
  /** What the sequence holds, or the beginning of it. */
  ids: Int32Array;
}

/** Where a request starts: `sequence` holds its first `position` ids. */
export interface Start {
  sequence: number;
  position: number;
}

/** Shorter beginnings cost more to share (a block of 64 positions is copied) than to compute. */
const shortest = 8;

export class PrefixCache {
  readonly #program: ComputeProgram;
  readonly #mostTokens: number;
  /** Least recently used first. */
  readonly #entries: Entry[] = [];
  #tokens = 0;
  readonly #parent: PrefixCache | null;

  /**
   * @param mostTokens kept over all sequences, what they share counted in each; 0: nothing is kept
   * @param parent asked where nothing of this cache begins like a prompt
   */
  constructor(program: ComputeProgram, mostTokens: number, parent: PrefixCache | null = null) {
    this.#program = program;
    this.#mostTokens = mostTokens;
    this.#parent = parent;
  }

  /** A sequence for a prompt. At least its last id is left to feed: its logits are wanted. */
  async begin(prompt: Int32Array): Promise<Start> {
    let best: Entry | null = null;
    let position = shortest - 1;
    for (const entry of this.#entries) {
      const common = Math.min(commonLength(entry.ids, prompt), prompt.length - 1);
      if (common > position) [best, position] = [entry, common];
    }
    if (best !== null) {
      this.#entries.push(...this.#entries.splice(this.#entries.indexOf(best), 1));
      try {
        return { sequence: await this.#program.forkSequence(best.sequence, position), position };
      } catch (error) {
        // It was given up between the call and the job.
        if (!(error instanceof GgmaError && error.code === 'SEQUENCE_UNKNOWN')) throw error;
      }
    }
    if (this.#parent !== null) return this.#parent.begin(prompt);
    return { sequence: this.#program.createSequence(), position: 0 };
  }

  /** Takes a sequence over: it is kept, or freed at once. @param ids what it holds */
  keep(sequence: number, ids: Int32Array): void {
    const isKnown = this.#entries.some((entry) => commonLength(entry.ids, ids) === ids.length);
    if (isKnown || ids.length < shortest || ids.length > this.#mostTokens) {
      this.#program.freeSequence(sequence);
      return;
    }
    // What it continues is not needed beside it.
    for (const entry of this.#entries.filter((one) => commonLength(one.ids, ids) === one.ids.length))
      this.#drop(entry);
    while (this.#tokens + ids.length > this.#mostTokens) this.#drop(this.#entries[0]!);
    this.#entries.push({ sequence, ids });
    this.#tokens += ids.length;
  }

  /** Gives all memory back, for a request that needs it. @returns whether there was any */
  clear(): boolean {
    const some = this.#entries.length > 0;
    for (const entry of [...this.#entries]) this.#drop(entry);
    return some;
  }

  #drop(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#tokens -= entry.ids.length;
    try {
      this.#program.freeSequence(entry.sequence);
    } catch (error) {
      // A chat may be closed, or collected, after its model was: nothing is left to give back then.
      if (!(error instanceof GgmaError && error.code === 'DISPOSED')) throw error;
    }
  }
}

function commonLength(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a[n] === b[n]) n++;
  return n;
}
