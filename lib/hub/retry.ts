/** Trying again: what may go better the next time is tried with growing pauses, the rest fails at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GgmaError } from '../errors.ts';

export interface RetryPolicy {
  /** Failures in a row that are put up with. */
  attempts: number;
  /** Milliseconds before the second attempt; doubled each time, up to `longestPause`. */
  firstPause: number;
  longestPause: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, firstPause: 1000, longestPause: 60_000 };

/** What is thrown where another attempt may help. */
export class TemporaryFailure extends Error {
  override readonly name = 'TemporaryFailure';
  /** What is thrown when it does not. */
  readonly final: GgmaError;
  /** Milliseconds that the server asked to wait. */
  readonly pause: number | null;
  /** Something was won all the same, so that the failures in a row count from here. */
  readonly progressed: boolean;

  constructor(
    final: GgmaError,
    { pause = null, progressed = false }: { pause?: number | null; progressed?: boolean } = {},
  ) {
    super(final.message, { cause: final });
    this.final = final;
    this.pause = pause;
    this.progressed = progressed;
  }
}

export interface RetryOptions {
  policy: RetryPolicy;
  signal: AbortSignal | undefined;
  /** Told before each pause: the reason, and the milliseconds. */
  onPause: ((reason: string, pause: number) => void) | undefined;
}

/** @throws the last failure's `final`; the signal's reason */
export async function withRetries<T>(options: RetryOptions, work: () => Promise<T>): Promise<T> {
  const { policy, signal, onPause } = options;
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TemporaryFailure)) throw error;
      failures = error.progressed ? 1 : failures + 1;
      const pause = error.pause ?? Math.min(policy.firstPause * 2 ** (failures - 1), policy.longestPause);
      // A server that asks for more patience than that is told of, not waited for.
      if (failures >= policy.attempts || pause > policy.longestPause) throw error.final;
      onPause?.(error.final.message, pause);
      await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch((reason: unknown) => {
        signal?.throwIfAborted();
        throw reason;
      });
    }
  }
}

/** `Retry-After` in milliseconds: seconds or a date; null where there is none. */
export function retryAfter(header: string | null, now = Date.now()): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
