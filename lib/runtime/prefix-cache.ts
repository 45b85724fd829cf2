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

/** Sharing copies a block of 64 positions, which costs more than computing a shorter beginning again. */
const MIN_PREFIX = 8;

export class PrefixCache {
  readonly #program: ComputeProgram;
  readonly #maxTokens: number;
  /** Least recently used first. */
  readonly #entries: Entry[] = [];
  #tokens = 0;
  readonly #parent: PrefixCache | null;

  /**
   * @param maxTokens kept over all sequences, what they share counted in each; 0: nothing is kept
   * @param parent asked where nothing of this cache begins like a prompt
   */
  constructor(program: ComputeProgram, maxTokens: number, parent: PrefixCache | null = null) {
    this.#program = program;
    this.#maxTokens = maxTokens;
    this.#parent = parent;
  }

  /** A sequence for a prompt. At least its last id is left to feed: its logits are wanted. */
  async begin(prompt: Int32Array): Promise<Start> {
    let best: Entry | null = null;
    let position = MIN_PREFIX - 1;
    for (const entry of this.#entries) {
      const common = Math.min(commonLength(entry.ids, prompt), prompt.length - 1);
      if (common > position) [best, position] = [entry, common];
    }
    if (best !== null) {
      this.#entries.push(...this.#entries.splice(this.#entries.indexOf(best), 1));
      try {
        return { sequence: await this.#program.forkSequence(best.sequence, position), position };
      } catch (error) {
        // The entry was dropped between this call and the engine's job: then the prompt is computed from its start.
        if (!(error instanceof GgmaError && error.code === 'SEQUENCE_UNKNOWN')) throw error;
      }
    }
    if (this.#parent !== null) return this.#parent.begin(prompt);
    return { sequence: this.#program.createSequence(), position: 0 };
  }

  /** Takes over a sequence, and keeps it or frees it at once. @param ids what the sequence holds */
  keep(sequence: number, ids: Int32Array): void {
    const isKnown = this.#entries.some((entry) => commonLength(entry.ids, ids) === ids.length);
    if (isKnown || ids.length < MIN_PREFIX || ids.length > this.#maxTokens) {
      this.#program.freeSequence(sequence);
      return;
    }
    // Entries that the new one begins with are of no use beside it.
    for (const entry of this.#entries.filter((one) => commonLength(one.ids, ids) === one.ids.length))
      this.#drop(entry);
    while (this.#tokens + ids.length > this.#maxTokens) this.#drop(this.#entries[0]!);
    this.#entries.push({ sequence, ids });
    this.#tokens += ids.length;
  }

  /** Frees all entries, for a request that needs the memory. @returns whether there was any */
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
  const max = Math.min(a.length, b.length);
  let n = 0;
  while (n < max && a[n] === b[n]) n++;
  return n;
}
