/** One generation's hold on the engine: its turn, its sequence, its cancel flag, and why it has to end. */
import { GgmaError } from '../errors.ts';
import type { ComputeProgram } from './engine.ts';
import { onAbort } from './signals.ts';

/**
 * The jobs of one model: some under way, others waiting for their turn, in the order they came. A generation is admitted
 * when it is called, so that a server knows about a full queue before it has sent anything; it asks for its turn when
 * somebody reads it, so that one that nobody reads does not keep the others waiting.
 */
export class Jobs {
  closed = false;
  /** Those that have not asked for their turn. */
  readonly #admitted = new Set<Job>();
  readonly #active = new Set<Job>();
  readonly #waiting = new Map<Job, () => void>();
  readonly #maxConcurrent: number;
  readonly #maxQueue: number;

  constructor({ maxConcurrent = Infinity, maxQueue = Infinity } = {}) {
    this.#maxConcurrent = maxConcurrent;
    this.#maxQueue = maxQueue;
  }

  /** @throws GgmaError QUEUE_FULL */
  admit(job: Job): void {
    const present = this.#admitted.size + this.#active.size + this.#waiting.size;
    if (present >= this.#maxConcurrent + this.#maxQueue)
      throw new GgmaError(
        'QUEUE_FULL',
        `expected at most ${this.#maxConcurrent} generations at once and ${this.#maxQueue} waiting, got one more`,
        { values: { maxConcurrent: this.#maxConcurrent, maxQueue: this.#maxQueue } },
      );
    this.#admitted.add(job);
  }

  /** The turn of an admitted job. null: it may go on at once. */
  enter(job: Job): Promise<void> | null {
    this.#admitted.delete(job);
    if (this.#active.size < this.#maxConcurrent) {
      this.#active.add(job);
      return null;
    }
    return new Promise((resolve) => {
      this.#waiting.set(job, resolve);
    });
  }

  leave(job: Job): void {
    this.#admitted.delete(job);
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
    for (const job of [...this.#admitted, ...this.#active, ...this.#waiting.keys()]) job.disposed();
  }
}

type Ending = { kind: 'aborted'; reason: unknown } | { kind: 'closed' } | { kind: 'abandoned' };

export class Job {
  /** Native code looks at element 0 between steps, or layers. */
  readonly cancel = new Int32Array(1);
  readonly #program: ComputeProgram;
  readonly #jobs: Jobs;
  readonly #unsubscribe: () => void;
  #started = false;
  #sequence: number | null = null;
  #ending: Ending | null = null;
  #interrupt: ((reason: unknown) => void) | null = null;

  /** @throws GgmaError QUEUE_FULL */
  constructor(program: ComputeProgram, jobs: Jobs, signal: AbortSignal | null) {
    this.#program = program;
    this.#jobs = jobs;
    if (signal?.aborted !== true) jobs.admit(this);
    this.#unsubscribe =
      signal === null ? () => {} : onAbort(signal, (reason) => this.#endWith({ kind: 'aborted', reason }));
  }

  get abandoned(): boolean {
    return this.#ending?.kind === 'abandoned';
  }

  get aborted(): boolean {
    return this.#ending?.kind === 'aborted';
  }

  /** Asks for the job's turn. null: at once. Rejects with, or throws, what {@link check} throws. */
  start(): Promise<void> | null {
    if (this.#jobs.closed) this.disposed();
    this.check();
    this.#started = true;
    const turn = this.#jobs.enter(this);
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

  /** Gives the sequence to `keep`, or back: then the caches' memory is free at once. Doing it twice is fine. */
  release(keep: ((sequence: number) => void) | null = null): void {
    this.#jobs.leave(this);
    this.#unsubscribe();
    const sequence = this.#sequence;
    this.#sequence = null;
    if (sequence === null || this.#ending?.kind === 'closed') return;
    if (keep !== null && this.#ending === null) keep(sequence);
    else this.#program.freeSequence(sequence);
  }

  #endWith(ending: Ending): void {
    this.#ending ??= ending;
    Atomics.store(this.cancel, 0, 1);
    // Nobody may ever read a generation that was aborted first: its place is free at once.
    if (!this.#started) this.#jobs.leave(this);
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
