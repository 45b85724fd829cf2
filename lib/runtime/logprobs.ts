/** Log-probabilities as callers see them, from the arrays that the engine fills. */
import type { LogprobArrays } from './engine.ts';

export interface TokenLogprob {
  /** The token. */
  id: number;
  /** Natural logarithm of its probability under the bare logits: before penalties, temperature and filters. */
  logprob: number;
  /** The most probable ids there, as many as were asked for; the id itself may be among them. */
  top: { id: number; logprob: number }[];
}

/** Room for `tokens` tokens with `top` alternatives each. */
export function logprobArrays(tokens: number, top: number): LogprobArrays {
  return {
    logprobs: new Float64Array(tokens),
    top,
    topIds: new Int32Array(tokens * top),
    topLogprobs: new Float64Array(tokens * top),
  };
}

/** The arrays from token `from` on, in the same memory. */
export function logprobsFrom(
  { logprobs, top, topIds, topLogprobs }: LogprobArrays,
  from: number,
): LogprobArrays {
  return {
    logprobs: logprobs.subarray(from),
    top,
    topIds: topIds.subarray(from * top),
    topLogprobs: topLogprobs.subarray(from * top),
  };
}

/** Token `index` of the arrays, which is `id`. */
export function tokenLogprob(arrays: LogprobArrays, index: number, id: number): TokenLogprob {
  const { logprobs, top, topIds, topLogprobs } = arrays;
  return {
    id,
    logprob: logprobs[index]!,
    top: Array.from({ length: top }, (_, i) => ({
      id: topIds[index * top + i]!,
      logprob: topLogprobs[index * top + i]!,
    })),
  };
}
