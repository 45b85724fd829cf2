/**
 * The generation loop: asks the scheduler for a few tokens at a time, the prompt with the first ones. What lies
 * beyond an end that only the text shows (a stop string) is dropped with the sequence.
 */
import { GgmaError } from '../errors.ts';
import type { Answer, Completion, GenerationChunk } from './answer.ts';
import type { ComputeProgram, DecodeRequest, LogprobArrays } from './engine.ts';
import type { Job } from './job.ts';
import { logprobArrays } from './logprobs.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { Request } from './request.ts';
import { samplerOptions } from './sampling.ts';
import type { Scheduler } from './scheduler.ts';
import type { PositionTables } from './tables.ts';

export interface RunContext {
  program: ComputeProgram;
  scheduler: Scheduler;
  tables: PositionTables;
  prefixes: PrefixCache;
}

/** Milliseconds and tokens of a round. Where somebody watches, or a stop string may end it, rounds are short. */
const watched = { patienceMs: 8, maxTokens: 16 };
const unwatched = { patienceMs: 50, maxTokens: 64 };

/**
 * Chunks as they come, into `answer` too; returns the whole. Ends early, without an error, when the job is abandoned.
 * @throws AbortedError when the request's signal ended it; GgmaError
 */
export async function* run(
  { program, scheduler, tables, prefixes }: RunContext,
  job: Job,
  request: Request,
  answer: Answer,
): AsyncGenerator<GenerationChunk, Completion, void> {
  const { maxTokens, sampling, topLogprobs, constraint } = request;
  const burst = request.streaming || request.stops.length > 0 ? watched : unwatched;
  // What the sequence holds, once it has ended well and others may begin with it.
  let held: Int32Array | null = null;
  try {
    const turn = job.start();
    if (turn !== null) await turn;
    if (maxTokens === 0) return answer.end('length');
    const prompt = Int32Array.from(request.ids);
    const stopIds = Int32Array.from(request.stopIds);
    const start = await prefixes.begin(prompt);
    const { sequence } = start;
    job.hold(sequence);
    answer.cachedTokens = start.position;
    const chooses = {
      ...(sampling === null ? {} : { sampler: program.createSampler(samplerOptions(sampling, prompt)) }),
      ...(constraint === null ? {} : { constraint }),
    };
    let { position } = start;
    let feed: Int32Array = prompt.subarray(position);
    for (;;) {
      // The first token comes alone and at once; then more and more at a time.
      const count = Math.min(burst.maxTokens, Math.max(1, answer.drawn.length), answer.remaining);
      const loading = tables.ensure(position + feed.length + count - 1);
      if (loading !== null) await loading;
      const arrays: LogprobArrays | null = topLogprobs === null ? null : logprobArrays(count, topLogprobs);
      const round: DecodeRequest = {
        sequence,
        position,
        feed,
        count,
        stopIds,
        cancel: job.cancel,
        out: new Int32Array(count),
        ...chooses,
        ...(arrays === null ? {} : { logprobs: arrays }),
      };
      const started = performance.now();
      const { fed, produced, error } = await job.guard(scheduler.decode(job, round, burst.patienceMs));
      answer.took(performance.now() - started, produced);
      const { chunk, completion } = answer.take(round.out.subarray(0, produced), arrays);
      if (chunk !== null) yield chunk;
      if (completion !== null) {
        held = Int32Array.from([...prompt, ...answer.drawn]).subarray(
          0,
          position + feed.length + produced - 1,
        );
        return completion;
      }
      job.check();
      // When memory is short, what the prefix cache keeps goes first.
      if (error !== null && !(isOutOfMemory(error) && prefixes.clear())) throw error;
      position += produced === 0 ? fed : feed.length + produced - 1;
      feed = produced === 0 ? feed.subarray(fed) : round.out.subarray(produced - 1, produced);
    }
  } catch (error) {
    if (job.abandoned) return answer.end('cancelled');
    throw job.aborted ? abortedError(error, answer.end('cancelled')) : error;
  } finally {
    scheduler.leave(job);
    const ids = held;
    job.release(ids === null ? null : (sequence) => prefixes.keep(sequence, ids));
  }
}

/**
 * What a generation throws that a signal ended. It is named like the signal's reason ('AbortError', 'TimeoutError') and
 * has its message. The reason itself is its cause: one signal may end many generations, each with a text of its own.
 */
export type AbortedError = GgmaError & {
  readonly code: 'ABORTED';
  /** What there was; its finishReason is 'cancelled'. */
  readonly partial: Completion;
};

function abortedError(reason: unknown, partial: Completion): AbortedError {
  const { name, message } =
    reason instanceof Error
      ? reason
      : { name: 'AbortError', message: `the generation was aborted: ${String(reason)}` };
  const error = new GgmaError('ABORTED', message, { cause: reason });
  Object.defineProperty(error, 'name', { value: name, configurable: true });
  return Object.assign(error, { code: 'ABORTED' as const, partial });
}

function isOutOfMemory(error: Error): boolean {
  return error instanceof GgmaError && error.code === 'OUT_OF_MEMORY';
}
