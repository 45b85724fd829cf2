/**
 * Stop strings in a text that arrives in pieces (Aho–Corasick over UTF-16 units, so thousands of them cost no
 * more than one). The result does not depend on how the text was cut into pieces: the text ends before the stop
 * string that is complete first, the longest one if several are complete at once.
 */
export class StopMatcher {
  /** state × 65536 + unit → next state; state 0 is the root. */
  readonly #next = new Map<number, number>();
  readonly #fail: number[] = [0];
  /** Length of the text that the state stands for: it may yet become a stop string, so it is held back. */
  readonly #depth: number[] = [0];
  /** Length of the longest stop string that ends in the state, or 0. */
  readonly #match: number[] = [0];
  #state = 0;
  #held = '';

  /** @param stops none is empty, and all are well-formed UTF-16, so that no character is ever cut */
  constructor(stops: readonly string[]) {
    const edges = stops.flatMap((stop) => this.#insert(stop));
    // Shallow states first: a failure link points at a shallower state.
    edges.sort((a, b) => this.#depth[a.to]! - this.#depth[b.to]!);
    for (const { from, unit, to } of edges) {
      const fail = from === 0 ? 0 : this.#step(this.#fail[from]!, unit);
      this.#fail[to] = fail;
      this.#match[to] ||= this.#match[fail]!;
    }
  }

  /** The text that is safe to show, and the stop string that is complete; then nothing after this text counts. */
  push(text: string): { text: string; matched: string | null } {
    const all = this.#held + text;
    for (let i = this.#held.length; i < all.length; i++) {
      this.#state = this.#step(this.#state, all.charCodeAt(i));
      const length = this.#match[this.#state]!;
      if (length > 0) {
        this.#held = '';
        return { text: all.slice(0, i + 1 - length), matched: all.slice(i + 1 - length, i + 1) };
      }
    }
    const safe = all.length - this.#depth[this.#state]!;
    this.#held = all.slice(safe);
    return { text: all.slice(0, safe), matched: null };
  }

  /** What was held back and did not become a stop string. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  #insert(stop: string): { from: number; unit: number; to: number }[] {
    const edges: { from: number; unit: number; to: number }[] = [];
    let state = 0;
    for (let i = 0; i < stop.length; i++) {
      const unit = stop.charCodeAt(i);
      let to = this.#next.get(state * 65536 + unit);
      if (to === undefined) {
        to = this.#depth.push(i + 1) - 1;
        this.#fail.push(0);
        this.#match.push(0);
        this.#next.set(state * 65536 + unit, to);
        edges.push({ from: state, unit, to });
      }
      state = to;
    }
    this.#match[state] = stop.length;
    return edges;
  }

  #step(state: number, unit: number): number {
    for (let at = state; ; at = this.#fail[at]!) {
      const to = this.#next.get(at * 65536 + unit);
      if (to !== undefined) return to;
      if (at === 0) return 0;
    }
  }
}
