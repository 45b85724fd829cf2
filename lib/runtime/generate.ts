/**
 * The generation loop: the prompt in one step, then runs of greedy steps. The engine decodes several tokens per
 * call; what lies beyond an end that only the text shows (a stop string) is dropped with the sequence.
 */
import type { Tokenizer } from '../text/index.ts';
import { TextAssembler } from './assemble.ts';
import type { ComputeProgram } from './engine.ts';
import type { Job } from './job.ts';
import type { ResolvedOptions } from './options.ts';
import { Pace } from './pace.ts';
import type { PositionTables } from './tables.ts';

/**
 * 'stop': an end-of-sequence id or a stop string; 'length': maxTokens, or the context is full; 'cancelled': the
 * iterator's return() was called while a step was under way.
 */
export type FinishReason = 'stop' | 'length' | 'cancelled';

/** What one round of a generation adds. `text` may lag behind `ids`: a character or a stop string may be unfinished. */
export interface GenerationChunk {
  text: string;
  ids: number[];
}

export interface Completion {
  /** Everything generated, without the end-of-sequence id, and cut before a stop string. "" without a tokenizer. */
  text: string;
  /** Everything generated, without the end-of-sequence id; the last ones may hold a stop string. */
  ids: number[];
  finishReason: FinishReason;
  usage: { promptTokens: number; completionTokens: number; totalTokens: number };
  timings: Timings;
}

/** Milliseconds, and tokens a second of both phases (0 where nothing was measured). */
export interface Timings {
  promptMs: number;
  decodeMs: number;
  promptTokensPerSecond: number;
  tokensPerSecond: number;
}

export interface RunContext {
  program: ComputeProgram;
  tables: PositionTables;
  tokenizer: Tokenizer | null;
}

/** `most`: tokens that fit behind the prompt, checked by the caller. `streaming`: somebody watches. */
export interface RunRequest {
  prompt: Int32Array;
  most: number;
  options: ResolvedOptions;
  streaming: boolean;
}

const wantLogits = 1;

/** Chunks as they come; returns the whole. Ends early, without an error, when the job is abandoned. */
export async function* run(
  context: RunContext,
  job: Job,
  { prompt, most, options, streaming }: RunRequest,
): AsyncGenerator<GenerationChunk, Completion, void> {
  const state = new Progress(
    prompt.length,
    most,
    options,
    new TextAssembler(context.tokenizer, options.stops),
  );
  const pace = streaming || options.stops.length > 0 ? new Pace(8, 16) : new Pace(50, 64);
  try {
    const sequence = job.start();
    if (most === 0) return state.complete('length');
    context.tables.ensure(prompt.length);
    const started = performance.now();
    let batch = await job.guard(context.program.step(promptRows(prompt, sequence), { cancel: job.cancel }));
    state.promptMs = performance.now() - started;
    for (;;) {
      const { chunk, finish } = state.take(batch);
      if (chunk.ids.length > 0 || chunk.text !== '') yield chunk;
      if (finish !== null) return state.complete(finish);
      job.check();
      batch = await decode(context, job, state, sequence, pace);
    }
  } catch (error) {
    if (job.abandoned) return state.complete('cancelled');
    throw error;
  } finally {
    job.release();
  }
}

/** [token, sequence, position, wantLogits] per prompt token; logits after the last one only. */
function promptRows(prompt: Int32Array, sequence: number): Int32Array {
  const rows = new Int32Array(prompt.length * 4);
  prompt.forEach((token, position) => {
    rows.set([token, sequence, position, position === prompt.length - 1 ? wantLogits : 0], position * 4);
  });
  return rows;
}

async function decode(
  { program, tables }: RunContext,
  job: Job,
  state: Progress,
  sequence: number,
  pace: Pace,
): Promise<Int32Array> {
  const count = Math.min(pace.count, state.remaining);
  const position = state.promptTokens + state.ids.length - 1;
  tables.ensure(position + count);
  const out = new Int32Array(count);
  const started = performance.now();
  const produced = await job.guard(
    program.decodeGreedy({
      sequence,
      token: state.ids.at(-1)!,
      position,
      count,
      stopIds: state.stopIds,
      out,
      cancel: job.cancel,
    }),
  );
  const ms = performance.now() - started;
  state.decodeMs += ms;
  state.decoded += produced;
  pace.took(produced, ms);
  return out.subarray(0, produced);
}

/** What has been generated so far. */
class Progress {
  readonly ids: number[] = [];
  readonly promptTokens: number;
  readonly stopIds: Int32Array;
  promptMs = 0;
  decodeMs = 0;
  /** Tokens that decodeMs was spent on. */
  decoded = 0;
  readonly #most: number;
  readonly #assembler: TextAssembler;
  readonly #ends: ReadonlySet<number>;
  #text = '';

  constructor(promptTokens: number, most: number, options: ResolvedOptions, assembler: TextAssembler) {
    this.promptTokens = promptTokens;
    this.stopIds = options.stopIds;
    this.#most = most;
    this.#assembler = assembler;
    this.#ends = new Set(options.stopIds);
  }

  get remaining(): number {
    return this.#most - this.ids.length;
  }

  /** Takes new ids up to the end of the generation, if it is among them. */
  take(batch: Int32Array): { chunk: GenerationChunk; finish: FinishReason | null } {
    const chunk: GenerationChunk = { text: '', ids: [] };
    let finish: FinishReason | null = null;
    let cut = false;
    for (const id of batch) {
      if (this.#ends.has(id)) {
        finish = 'stop';
        break;
      }
      this.ids.push(id);
      chunk.ids.push(id);
      const { text, matched } = this.#assembler.push(id);
      chunk.text += text;
      if (matched) {
        finish = 'stop';
        cut = true;
        break;
      }
      if (this.remaining === 0) {
        finish = 'length';
        break;
      }
    }
    if (finish !== null && !cut) chunk.text += this.#assembler.end();
    this.#text += chunk.text;
    return { chunk, finish };
  }

  complete(finishReason: FinishReason): Completion {
    const perSecond = (tokens: number, ms: number) => (ms > 0 ? (tokens * 1000) / ms : 0);
    return {
      text: this.#text,
      ids: this.ids,
      finishReason,
      usage: {
        promptTokens: this.promptTokens,
        completionTokens: this.ids.length,
        totalTokens: this.promptTokens + this.ids.length,
      },
      timings: {
        promptMs: this.promptMs,
        decodeMs: this.decodeMs,
        promptTokensPerSecond: perSecond(this.promptTokens, this.promptMs),
        tokensPerSecond: perSecond(this.decoded, this.decodeMs),
      },
    };
  }
}
