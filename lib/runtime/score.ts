/** How probable a text is: the log-probability of each of its tokens, given the tokens before it. */
import type { DecodeRequest } from './engine.ts';
import type { RunContext } from './generate.ts';
import type { Job } from './job.ts';
import { logprobArrays, logprobsFrom, type TokenLogprob, tokenLogprob } from './logprobs.ts';

export interface Score {
  /** The tokens of the text. */
  ids: number[];
  /** One for each of `ids`; null for the first, which nothing precedes. */
  logprobs: (TokenLogprob | null)[];
  /** Of all but the first. */
  sumLogprob: number;
  /** e^(−sumLogprob / (ids.length − 1)); NaN for a single id. */
  perplexity: number;
}

const PATIENCE_MS = 50;

/** @param top alternatives per token */
export async function score(
  { program, scheduler, tables }: Pick<RunContext, 'program' | 'scheduler' | 'tables'>,
  job: Job,
  ids: Int32Array,
  top: number,
): Promise<Score> {
  const arrays = logprobArrays(ids.length, top);
  try {
    const turn = job.start();
    if (turn !== null) await turn;
    const sequence = program.createSequence();
    job.hold(sequence);
    const loading = tables.ensure(ids.length);
    if (loading !== null) await loading;
    for (let position = 0; position < ids.length; ) {
      const request: DecodeRequest = {
        sequence,
        position,
        count: 0,
        cancel: job.cancel,
        feed: ids.subarray(position),
        out: new Int32Array(0),
        stopIds: new Int32Array(0),
        scores: logprobsFrom(arrays, position),
      };
      const { fed, error } = await job.guard(scheduler.decode(job, request, PATIENCE_MS));
      job.check();
      if (error !== null) throw error;
      position += fed;
    }
  } finally {
    scheduler.leave(job);
    job.release();
  }
  const sumLogprob = arrays.logprobs.subarray(1).reduce((sum, one) => sum + one, 0);
  return {
    ids: [...ids],
    logprobs: Array.from(ids, (id, i) => (i === 0 ? null : tokenLogprob(arrays, i, id))),
    sumLogprob,
    perplexity: Math.exp(-sumLogprob / (ids.length - 1)),
  };
}
