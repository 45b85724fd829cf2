/**
 * The generation loop: asks the scheduler for a few tokens at a time, the prompt with the first ones. What lies
 * beyond an end that only the text shows (a stop string) is dropped with the sequence.
 */
import { GgmaError } from '../errors.ts';
import type { Tokenizer } from '../text/index.ts';
import { TextAssembler } from './assemble.ts';
import type { ComputeProgram, DecodeRequest, LogprobArrays } from './engine.ts';
import type { Job } from './job.ts';
import { logprobArrays } from './logprobs.ts';
import type { ResolvedOptions } from './options.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { type Completion, type GenerationChunk, Progress } from './progress.ts';
import type { FittedPrompt } from './prompt.ts';
import type { Scheduler } from './scheduler.ts';
import type { PositionTables } from './tables.ts';

export interface RunContext {
  program: ComputeProgram;
  scheduler: Scheduler;
  tables: PositionTables;
  prefixes: PrefixCache;
  tokenizer: Tokenizer | null;
}

/** `streaming`: somebody watches. */
export interface RunRequest extends FittedPrompt {
  options: ResolvedOptions;
  streaming: boolean;
}

/** Milliseconds and tokens of a round. Where somebody watches, or a stop string may end it, rounds are short. */
const watched = { patienceMs: 8, most: 16 };
const unwatched = { patienceMs: 50, most: 64 };

/** Chunks as they come; returns the whole. Ends early, without an error, when the job is abandoned. */
export async function* run(
  { program, scheduler, tables, prefixes, tokenizer }: RunContext,
  job: Job,
  { ids: prompt, most, truncated, options, streaming }: RunRequest,
): AsyncGenerator<GenerationChunk, Completion, void> {
  const state = new Progress(prompt.length, most, options, new TextAssembler(tokenizer, options.stops));
  state.truncated = truncated;
  const burst = streaming || options.stops.length > 0 ? watched : unwatched;
  // What the sequence holds, once it has ended well and others may begin with it.
  let held: Int32Array | null = null;
  try {
    const turn = job.start();
    if (turn !== null) await turn;
    if (most === 0) return state.complete('length');
    const start = await prefixes.begin(prompt);
    const { sequence } = start;
    job.hold(sequence);
    state.cached = start.position;
    const { sampling, topLogprobs, stopIds } = options;
    const sampler =
      sampling === null ? {} : { sampler: program.createSampler({ ...sampling, promptIds: prompt }) };
    let { position } = start;
    let feed = prompt.subarray(position);
    for (;;) {
      // The first token comes alone and at once; then more and more at a time.
      const count = Math.min(burst.most, Math.max(1, state.ids.length), state.remaining);
      const loading = tables.ensure(position + feed.length + count - 1);
      if (loading !== null) await loading;
      const arrays: LogprobArrays | null = topLogprobs === null ? null : logprobArrays(count, topLogprobs);
      const request: DecodeRequest = {
        ...{ sequence, position, feed, count, stopIds, cancel: job.cancel, ...sampler },
        out: new Int32Array(count),
        ...(arrays === null ? {} : { logprobs: arrays }),
      };
      const started = performance.now();
      const { fed, produced, error } = await job.guard(scheduler.decode(job, request, burst.patienceMs));
      state.took(performance.now() - started, produced);
      const { chunk, finish } = state.take(request.out.subarray(0, produced), arrays);
      if (chunk.ids.length > 0 || chunk.text !== '') yield chunk;
      if (finish !== null) {
        held = Int32Array.from([...prompt, ...state.ids]).subarray(0, position + feed.length + produced - 1);
        return state.complete(finish);
      }
      job.check();
      // Kept beginnings are the first to go when memory is short.
      if (error !== null && !(isOutOfMemory(error) && prefixes.clear())) throw error;
      position += produced === 0 ? fed : feed.length + produced - 1;
      feed = produced === 0 ? feed.subarray(fed) : request.out.subarray(produced - 1, produced);
    }
  } catch (error) {
    if (job.abandoned) return state.complete('cancelled');
    throw error;
  } finally {
    scheduler.leave(job);
    const ids = held;
    job.release(ids === null ? null : (sequence) => prefixes.keep(sequence, ids));
  }
}

function isOutOfMemory(error: Error): boolean {
  return error instanceof GgmaError && error.code === 'OUT_OF_MEMORY';
}
