/** The iterator that a consumer holds: leaving it early, or losing it, ends the work behind it. */
import type { Answer, Completion, GenerationChunk } from './answer.ts';
import type { Job } from './job.ts';

type Result = IteratorResult<GenerationChunk, Completion>;

/** What ends a generation from outside; it does not hold the iterator. */
interface Ending {
  job: Job;
  answer: Answer;
  settle: (completion: Completion) => void;
}

/** A generation that is forgotten in the middle would otherwise hold its sequence as long as the model lives. */
const forgotten = new FinalizationRegistry<Ending>(({ job, answer, settle }) => {
  job.abandon();
  job.release();
  settle(answer.end('cancelled'));
});

/**
 * Chunks of a generation; the return value of the last `next()` is the {@link Completion}. Nothing runs ahead of the
 * consumer. A class of its own, because an async generator's return() waits for the step under way.
 */
export class Generation implements AsyncIterableIterator<GenerationChunk, Completion, void> {
  /**
   * The completion, when the iteration has ended: usage, finishReason, seed and stopString for code that reads chunks
   * with `for await`. Rejects with what the iteration throws; nobody has to catch that here too. It settles only if
   * somebody iterates (or calls `return()`), because nothing runs ahead of the consumer.
   */
  readonly result: Promise<Completion>;
  readonly #chunks: AsyncGenerator<GenerationChunk, Completion | undefined, void>;
  readonly #job: Job;
  readonly #answer: Answer;
  readonly #settle: (completion: Completion) => void;
  readonly #fail: (error: unknown) => void;
  #waiting = 0;

  constructor(
    chunks: AsyncGenerator<GenerationChunk, Completion | undefined, void>,
    job: Job,
    answer: Answer,
  ) {
    const { promise, resolve, reject } = withResolvers<Completion>();
    promise.catch(() => {}); // whoever iterates gets the error
    this.result = promise;
    this.#chunks = chunks;
    this.#job = job;
    this.#answer = answer;
    this.#settle = resolve;
    this.#fail = reject;
    forgotten.register(this, { job, answer, settle: resolve }, this);
  }

  async next(): Promise<Result> {
    // Touching `this` after the await keeps it from being collected while somebody waits for the result.
    this.#waiting++;
    try {
      const result = await this.#chunks.next();
      return result.done === true ? this.#end() : result;
    } catch (error) {
      forgotten.unregister(this);
      this.#fail(error);
      throw error;
    } finally {
      this.#waiting--;
    }
  }

  /** Cancels a step under way, and frees the sequence. */
  async return(): Promise<Result> {
    if (this.#waiting > 0) this.#job.abandon();
    await this.#chunks.return(undefined);
    // A generator that was never started runs none of its own clean-up.
    this.#job.release();
    return this.#end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Of a generation that was left, the completion has what there was. */
  #end(): Result {
    forgotten.unregister(this);
    const value = this.#answer.end('cancelled');
    this.#settle(value);
    return { done: true, value };
  }
}

/** Promise.withResolvers, which Node has from 22 on. */
function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
