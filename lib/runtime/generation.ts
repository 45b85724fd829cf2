/** The iterator that a consumer holds: leaving it early, or losing it, ends the work behind it. */
import type { Job } from './job.ts';
import type { Completion, GenerationChunk } from './progress.ts';

type Result = IteratorResult<GenerationChunk, Completion | undefined>;

/** Forgotten in the middle without return(): its sequence would stay as long as the model. */
const forgotten = new FinalizationRegistry<Job>((job) => {
  job.abandon();
  job.release();
});

/**
 * Chunks of a generation; `return` value of the last `next()`: the {@link Completion}. Nothing runs ahead of the
 * consumer. An own class, because an async generator's return() waits for the step under way.
 */
export class Generation implements AsyncIterableIterator<GenerationChunk, Completion | undefined, void> {
  readonly #chunks: AsyncGenerator<GenerationChunk, Completion | undefined, void>;
  readonly #job: Job;
  #waiting = 0;

  constructor(chunks: AsyncGenerator<GenerationChunk, Completion | undefined, void>, job: Job) {
    this.#chunks = chunks;
    this.#job = job;
    forgotten.register(this, job, this);
  }

  async next(): Promise<Result> {
    // Touching `this` after the await keeps it from being collected while somebody waits for the result.
    this.#waiting++;
    try {
      const result = await this.#chunks.next();
      if (result.done === true) forgotten.unregister(this);
      return result;
    } finally {
      this.#waiting--;
    }
  }

  /** Cancels a step under way, and frees the sequence. */
  async return(): Promise<Result> {
    if (this.#waiting > 0) this.#job.abandon();
    forgotten.unregister(this);
    await this.#chunks.return(undefined);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
