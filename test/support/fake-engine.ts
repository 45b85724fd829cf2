/**
 * An engine without kernels: the next token is a function of the tokens so far. It keeps the contract that the
 * run time relies on (sequence lengths, position tables, cancel flags, DISPOSED) and complains when it is broken.
 */
import { GgmaError } from '../../lib/errors.ts';
import type {
  ComputeEngine,
  ComputeProgram,
  DecodeRequest,
  ExecutablePlan,
  MemoryUse,
} from '../../lib/runtime/index.ts';

export type NextToken = (history: readonly number[]) => number;

/** Continues a prompt of `promptLength` tokens with these ids, then with the last of them for ever. */
export function scripted(promptLength: number, ids: readonly number[]): NextToken {
  return (history) => ids[Math.min(history.length - promptLength, ids.length - 1)]!;
}

export function fakePlan(
  options: { vocabSize?: number; tables?: number[]; maxPositions?: number } = {},
): ExecutablePlan {
  const { vocabSize = 1024, tables = [4], maxPositions } = options;
  return {
    program: new Uint8Array(8),
    sources: [new Uint8Array(1000)],
    vocabSize,
    ...(maxPositions === undefined ? {} : { maxPositions }),
    tables: tables.map((width) => ({
      width,
      evaluate: (first, count) =>
        Float32Array.from({ length: count * width }, (_, i) => first + Math.floor(i / width)),
    })),
  };
}

export class FakeEngine implements ComputeEngine {
  readonly threads = 1;
  readonly next: NextToken;
  /** Milliseconds that a token takes. */
  readonly tokenMs: number;
  program: FakeProgram | null = null;
  closed = false;
  loadError: Error | null = null;

  constructor(next: NextToken, tokenMs = 0) {
    this.next = next;
    this.tokenMs = tokenMs;
  }

  async loadProgram(program: Uint8Array, sources: Uint8Array[]): Promise<ComputeProgram> {
    if (this.loadError !== null) throw this.loadError;
    this.program = new FakeProgram(this, program.length + sources.length);
    return this.program;
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeProgram implements ComputeProgram {
  /** The tokens of every live sequence. */
  readonly sequences = new Map<number, number[]>();
  /** Positions that each table has rows for. */
  readonly tableLengths: number[] = [];
  /** What was called: "step 7" (rows), "decode 4" (count asked for). */
  readonly calls: string[] = [];
  /** Jobs under way. */
  running = 0;
  readonly #engine: FakeEngine;
  readonly #bytes: number;
  #lastSequence = 0;

  constructor(engine: FakeEngine, bytes: number) {
    this.#engine = engine;
    this.#bytes = bytes;
  }

  createSequence(): number {
    this.#checkOpen();
    this.sequences.set(++this.#lastSequence, []);
    return this.#lastSequence;
  }

  freeSequence(sequence: number): void {
    this.#checkOpen();
    if (!this.sequences.delete(sequence)) throw new Error(`freed an unknown sequence ${sequence}`);
  }

  memory(): MemoryUse {
    return { weightBytes: this.#bytes, kvBytes: this.sequences.size, arenaBytes: 0 };
  }

  setTable(table: number, firstPosition: number, data: Float32Array): void {
    const width = 4;
    if (firstPosition !== (this.tableLengths[table] ?? 0)) throw new Error('a gap in a position table');
    for (const [i, value] of data.entries())
      if (value !== firstPosition + Math.floor(i / width)) throw new Error('a wrong row in a position table');
    this.tableLengths[table] = firstPosition + data.length / width;
  }

  async step(rows: Int32Array, options: { cancel?: Int32Array } = {}): Promise<Int32Array> {
    this.calls.push(`step ${rows.length / 4}`);
    const best: number[] = [];
    await this.#job(async () => {
      for (let i = 0; i < rows.length; i += 4) {
        const [token, sequence, position, want] = rows.subarray(i, i + 4);
        const next = await this.#feed(sequence!, token!, position!, options.cancel);
        if (want === 1) best.push(next);
      }
    });
    return Int32Array.from(best);
  }

  async decodeGreedy({
    sequence,
    token,
    position,
    count,
    stopIds,
    out,
    cancel,
  }: DecodeRequest): Promise<number> {
    this.calls.push(`decode ${count}`);
    let fed = token;
    let produced = 0;
    await this.#job(async () => {
      while (produced < count) {
        fed = await this.#feed(sequence, fed, position + produced, cancel);
        out[produced++] = fed;
        if (stopIds.includes(fed)) break;
      }
    });
    return produced;
  }

  async #job(work: () => Promise<void>): Promise<void> {
    this.#checkOpen();
    this.running++;
    try {
      await work();
    } finally {
      this.running--;
    }
  }

  async #feed(sequence: number, token: number, position: number, cancel?: Int32Array): Promise<number> {
    if (this.#engine.tokenMs > 0) await new Promise((done) => setTimeout(done, this.#engine.tokenMs));
    this.#checkOpen();
    if (cancel?.[0] === 1) throw new GgmaError('CANCELLED', 'cancelled');
    const history = this.sequences.get(sequence);
    if (history === undefined) throw new Error(`used an unknown sequence ${sequence}`);
    if (position !== history.length) throw new Error(`fed position ${position} to ${history.length} tokens`);
    for (const length of this.tableLengths) if (position >= length) throw new Error('TABLE_MISSING');
    history.push(token);
    return this.#engine.next(history);
  }

  #checkOpen(): void {
    if (this.#engine.closed) throw new GgmaError('DISPOSED', 'the engine is closed');
  }
}
