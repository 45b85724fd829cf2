/**
 * An engine without kernels: the next token is a function of the tokens so far. It keeps the contract that the
 * run time relies on (sequence lengths, position tables, cancel flags, DISPOSED) and complains when it is broken.
 */
import { GgmaError } from '../../lib/errors.ts';
import type {
  ComputeEngine,
  ComputeProgram,
  DecodeOutcome,
  DecodeRequest,
  ExecutablePlan,
  MemoryUse,
  RawProfile,
  Sampler,
  SamplerOptions,
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

  async close(): Promise<void> {
    this.closed = true;
  }
}

export class FakeProgram implements ComputeProgram {
  /** The tokens of every live sequence. */
  readonly sequences = new Map<number, number[]>();
  /** Positions that each table has rows for. */
  readonly tableLengths: number[] = [];
  /** The jobs: what each request asked for, as "4+1" (tokens to feed + tokens to draw). */
  readonly calls: string[][] = [];
  /** What samplers were asked for. */
  readonly samplers: SamplerOptions[] = [];
  /** A prompt is fed in pieces of so many tokens. */
  pieceRows = 128;
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

  async forkSequence(sequence: number, positions: number): Promise<number> {
    await Promise.resolve(); // a job like the others
    this.#checkOpen();
    const tokens = this.sequences.get(sequence);
    if (tokens === undefined) throw new GgmaError('SEQUENCE_UNKNOWN', `unknown sequence ${sequence}`);
    if (positions > tokens.length) throw new Error(`forked ${positions} of ${tokens.length} tokens`);
    const made = this.createSequence();
    this.sequences.get(made)!.push(...tokens.slice(0, positions));
    return made;
  }

  freeSequence(sequence: number): void {
    this.#checkOpen();
    if (!this.sequences.delete(sequence)) throw new Error(`freed an unknown sequence ${sequence}`);
  }

  memory(): MemoryUse {
    return { weightBytes: this.#bytes, kvBytes: this.sequences.size, arenaBytes: 0 };
  }

  /** Nothing is measured: what the run time makes of a profile is tested on its own. */
  async profile(): Promise<RawProfile> {
    const none = new Float64Array(0);
    return { names: [], passes: new Float64Array(6), totals: none, events: none, dropped: 0 };
  }

  setTable(table: number, firstPosition: number, data: Float32Array): void {
    const width = 4;
    if (firstPosition !== (this.tableLengths[table] ?? 0)) throw new Error('a gap in a position table');
    for (const [i, value] of data.entries())
      if (value !== firstPosition + Math.floor(i / width)) throw new Error('a wrong row in a position table');
    this.tableLengths[table] = firstPosition + data.length / width;
  }

  createSampler(options: SamplerOptions): Sampler {
    this.samplers.push(options);
    return { probabilities: () => new Float64Array(0) };
  }

  /** Lock-step like the real one: each step feeds a piece of every request; ends when one has ended. */
  async decode(requests: readonly DecodeRequest[], mostMs: number): Promise<DecodeOutcome[]> {
    this.#checkOpen();
    this.calls.push(requests.map(({ feed, count }) => `${feed.length}+${count}`));
    if (new Set(requests.map(({ sequence }) => sequence)).size < requests.length)
      throw new Error('one sequence twice in a job');
    const outcomes = requests.map(() => ({ fed: 0, produced: 0, error: null as GgmaError | null }));
    const started = performance.now();
    this.running++;
    try {
      for (let ended = false; !ended; ended ||= performance.now() - started >= mostMs) {
        for (const [i, request] of requests.entries()) {
          try {
            if (await this.#step(request, outcomes[i]!)) ended = true;
          } catch (error) {
            outcomes[i]!.error = error as GgmaError;
            ended = true;
          }
        }
      }
    } finally {
      this.running--;
    }
    return outcomes;
  }

  /** One step of a request; true: it has ended. */
  async #step({ feed, position, ...request }: DecodeRequest, outcome: DecodeOutcome): Promise<boolean> {
    const { sequence, count, out, stopIds, cancel, logprobs, scores } = request;
    const tokens =
      outcome.produced > 0
        ? out.subarray(outcome.produced - 1, outcome.produced)
        : feed.subarray(outcome.fed, outcome.fed + this.pieceRows);
    const at = position + (outcome.produced > 0 ? feed.length + outcome.produced - 1 : outcome.fed);
    let next = -1;
    for (const [i, token] of tokens.entries()) {
      next = await this.#feed(sequence, token, at + i, cancel);
      const scored = outcome.fed + i + 1;
      if (outcome.produced === 0 && scored < feed.length) scores?.logprobs.set([-scored], scored);
    }
    if (outcome.produced === 0) outcome.fed += tokens.length;
    if (outcome.fed < feed.length) return false;
    if (count === 0) return true;
    logprobs?.logprobs.set([-next], outcome.produced);
    logprobs?.topIds.fill(next, outcome.produced * logprobs.top, (outcome.produced + 1) * logprobs.top);
    out[outcome.produced++] = next;
    return stopIds?.includes(next) === true || outcome.produced === count;
  }

  async #feed(
    sequence: number,
    token: number,
    position: number,
    cancel: Int32Array | undefined,
  ): Promise<number> {
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
