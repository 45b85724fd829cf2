/**
 * How many tokens one crossing into native code decodes. More cost fewer crossings; fewer show text sooner,
 * leave other generations their turn, and waste less when a stop string ends it. It starts at one token.
 */
export class Pace {
  readonly #targetMs: number;
  readonly #most: number;
  #count = 1;

  constructor(targetMs: number, most: number) {
    this.#targetMs = targetMs;
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  /** Told after each crossing. Growth is at most twofold, so that one lucky measurement changes little. */
  took(tokens: number, ms: number): void {
    const fitting = Math.floor((this.#targetMs * tokens) / Math.max(ms, 0.001));
    this.#count = Math.max(1, Math.min(fitting, this.#count * 2, this.#most));
  }
}
