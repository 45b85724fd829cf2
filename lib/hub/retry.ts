/** Retries: what may succeed the next time is tried again after growing pauses; every other error ends at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GgmaError } from '../errors.ts';

export interface RetryPolicy {
  /** The attempt that fails as the n-th in a row ends with its error. */
  attempts: number;
  /** Milliseconds before the second attempt; doubled each time, up to `maxPause`. */
  firstPause: number;
  maxPause: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, firstPause: 1000, maxPause: 60_000 };

/** Thrown by an attempt that may succeed when it is repeated. */
export class TemporaryFailure extends Error {
  override readonly name = 'TemporaryFailure';
  /** The error of the last attempt. */
  readonly final: GgmaError;
  /** Milliseconds that the server asked to wait. */
  readonly pause: number | null;
  /** The attempt brought some data before it failed, so the count of failures in a row begins again. */
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
      const pause = error.pause ?? Math.min(policy.firstPause * 2 ** (failures - 1), policy.maxPause);
      // A server that asks for a longer pause than that is reported instead of waited for.
      if (failures >= policy.attempts || pause > policy.maxPause) throw error.final;
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
