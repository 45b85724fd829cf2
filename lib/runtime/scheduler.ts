/**
 * Puts what the generations of a model ask for into common jobs, so that one pass over the weights serves all of them. A
 * generation asks for its next few tokens, gets them, and asks again when its consumer wants more. One with a slow
 * consumer is simply not in the next job.
 */
import type { ComputeProgram, DecodeOutcome, DecodeRequest } from './engine.ts';

interface Waiting {
  member: object;
  request: DecodeRequest;
  patienceMs: number;
  resolve(outcome: DecodeOutcome): void;
  reject(error: unknown): void;
}

export class Scheduler {
  readonly #program: Pick<ComputeProgram, 'decode'>;
  #waiting: Waiting[] = [];
  /** Members of the last job that may ask again at once: the next job waits for them for one turn of the event loop. */
  readonly #expected = new Set<object>();
  readonly #gone = new WeakSet<object>();
  #running = false;
  #planned = false;

  constructor(program: Pick<ComputeProgram, 'decode'>) {
    this.#program = program;
  }

  /**
   * @param member who asks: a generation, one request at a time
   * @param patienceMs how long the job may take that the request goes into; its last step may take longer
   */
  decode(member: object, request: DecodeRequest, patienceMs: number): Promise<DecodeOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ member, request, patienceMs, resolve, reject });
      this.#expected.delete(member);
      this.#startSoon();
    });
  }

  /** The member will not ask again, and does not wait for an answer. */
  leave(member: object): void {
    this.#gone.add(member);
    this.#expected.delete(member);
    this.#waiting = this.#waiting.filter((one) => one.member !== member);
    this.#startSoon();
  }

  /** Starts a microtask later, so that members that ask in the same turn of the event loop go into one job. */
  #startSoon(): void {
    if (this.#running || this.#planned || this.#waiting.length === 0 || this.#expected.size > 0) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      if (this.#expected.size === 0) void this.#start();
    });
  }

  async #start(): Promise<void> {
    if (this.#running || this.#waiting.length === 0) return;
    this.#running = true;
    const batch = this.#waiting;
    this.#waiting = [];
    const patienceMs = Math.min(...batch.map((one) => one.patienceMs));
    try {
      const outcomes = await this.#program.decode(
        batch.map(({ request }) => request),
        patienceMs,
      );
      for (const [i, { member, resolve }] of batch.entries()) {
        if (!this.#gone.has(member)) this.#expected.add(member);
        resolve(outcomes[i]!);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#running = false;
    // A member that has not asked again by then has a slow consumer: the others go on without it.
    setImmediate(() => {
      this.#expected.clear();
      this.#startSoon();
    });
    this.#startSoon();
  }
}
