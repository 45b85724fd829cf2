/** One generation's hold on the engine: its sequence, its cancel flag, and why it has to end. */
import { GgmaError } from '../errors.ts';
import type { ComputeProgram } from './engine.ts';

/** The jobs of one model: some under way, others waiting for their turn, in the order they came. */
export class Jobs {
  closed = false;
  readonly #active = new Set<Job>();
  readonly #waiting = new Map<Job, () => void>();
  readonly #maxConcurrent: number;
  readonly #maxQueue: number;

  constructor({ maxConcurrent = Infinity, maxQueue = Infinity } = {}) {
    this.#maxConcurrent = maxConcurrent;
    this.#maxQueue = maxQueue;
  }

  /** null: the job may go on at once. @throws GgmaError QUEUE_FULL */
  enter(job: Job): Promise<void> | null {
    if (this.#active.size < this.#maxConcurrent) {
      this.#active.add(job);
      return null;
    }
    if (this.#waiting.size >= this.#maxQueue)
      throw new GgmaError(
        'QUEUE_FULL',
        `expected at most ${this.#maxConcurrent} generations at once and ${this.#maxQueue} waiting, got one more`,
        { values: { maxConcurrent: this.#maxConcurrent, maxQueue: this.#maxQueue } },
      );
    return new Promise((resolve) => {
      this.#waiting.set(job, resolve);
    });
  }

  leave(job: Job): void {
    this.#waiting.delete(job);
    if (!this.#active.delete(job)) return;
    const next = this.#waiting.entries().next();
    if (next.done === true) return;
    const [first, begin] = next.value;
    this.#waiting.delete(first);
    this.#active.add(first);
    begin();
  }

  /** Ends them all with DISPOSED, and any that would start later. */
  close(): void {
    this.closed = true;
    for (const job of [...this.#active, ...this.#waiting.keys()]) job.disposed();
  }
}

type Ending = { kind: 'aborted'; reason: unknown } | { kind: 'closed' } | { kind: 'abandoned' };

export class Job {
  /** Native code looks at element 0 between steps, or layers. */
  readonly cancel = new Int32Array(1);
  readonly #program: ComputeProgram;
  readonly #jobs: Jobs;
  readonly #signal: AbortSignal | null;
  readonly #onAbort = () => this.#endWith({ kind: 'aborted', reason: this.#signal?.reason });
  #sequence: number | null = null;
  #ending: Ending | null = null;
  #interrupt: ((reason: unknown) => void) | null = null;

  constructor(program: ComputeProgram, jobs: Jobs, signal: AbortSignal | null) {
    this.#program = program;
    this.#jobs = jobs;
    this.#signal = signal;
  }

  get abandoned(): boolean {
    return this.#ending?.kind === 'abandoned';
  }

  /** null: at once. Rejects with, or throws, what {@link check} throws, and QUEUE_FULL. */
  start(): Promise<void> | null {
    if (this.#jobs.closed) this.disposed();
    if (this.#signal?.aborted) this.#onAbort();
    this.check();
    const turn = this.#jobs.enter(this);
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    return turn === null ? null : this.guard(turn);
  }

  /** Takes a sequence, which {@link release} gives back. */
  hold(sequence: number): void {
    this.#sequence = sequence;
  }

  /** The consumer is gone. */
  abandon(): void {
    this.#endWith({ kind: 'abandoned' });
  }

  /** The model is being closed. */
  disposed(): void {
    this.#endWith({ kind: 'closed' });
  }

  /** @throws the signal's reason, or GgmaError DISPOSED, when the job has to end */
  check(): void {
    if (this.#ending?.kind === 'aborted') throw this.#ending.reason;
    if (this.#ending?.kind === 'closed') throw disposedError();
  }

  /**
   * Awaits native work, but not longer than the job is wanted: the work is shared, so what is left of it may take as
   * long as a step of the others. A cancelled job's own error says less than why it was cancelled.
   */
  guard<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      if (this.#ending !== null) this.#stop();
      work.then(resolve, reject);
    });
  }

  /**
   * Gives the sequence to `keep`, or back: then the caches' memory is free at once. Doing it twice is fine.
   */
  release(keep: ((sequence: number) => void) | null = null): void {
    this.#jobs.leave(this);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    const sequence = this.#sequence;
    this.#sequence = null;
    if (sequence === null || this.#ending?.kind === 'closed') return;
    if (keep !== null && this.#ending === null) keep(sequence);
    else this.#program.freeSequence(sequence);
  }

  #endWith(ending: Ending): void {
    this.#ending ??= ending;
    Atomics.store(this.cancel, 0, 1);
    this.#stop();
  }

  #stop(): void {
    try {
      this.check();
    } catch (reason) {
      this.#interrupt?.(reason);
    }
    this.#interrupt?.(new GgmaError('CANCELLED', 'the generation was abandoned'));
  }
}

export function disposedError(): GgmaError {
  return new GgmaError('DISPOSED', 'expected an open model, got one that was closed');
}
