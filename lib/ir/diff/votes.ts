/**
 * Partners for operators by their neighbours. Operators that both read partners at the same place, or that partners read
 * at the same place, are candidates; the more of their inputs agree, the better. The best candidate becomes a pair, its
 * neighbours get new votes, and so on. A candidate waits while one of its operators has another that is as good.
 *
 * What an operator reads says more than what reads it: a layer that was taken out leaves its neighbour above reading
 * the sum of the layer below, which must not be taken for the sum that is gone.
 */
import type { Op, Value } from '../graph/index.ts';
import { groupBy } from './group.ts';
import type { Likeness, Pairing } from './pairing.ts';

interface Candidate {
  x: Op;
  y: Op;
  /** The same kind, where other kinds are candidates too. */
  isSameKind: boolean;
  /** Places at which both read partners. */
  inputs: number;
  /** Whether partners read both at the same place. */
  isRead: boolean;
}

/** Where more pairs than this read one value in the same way, that they do says nothing. */
const MAX_READERS = 1000;

export class Votes {
  readonly #pairing: Pairing;
  readonly #likeness: Likeness;
  readonly #kind: Likeness;
  readonly #ofFirst = new Map<Op, Map<Op, Candidate>>();
  readonly #ofSecond = new Map<Op, Map<Op, Candidate>>();
  /** By score, the best at the end; a candidate whose score has risen stands in several. */
  readonly #waiting: Candidate[][] = [];

  /** @param likeness equal for operators that can be candidates; `kind` is equal for the better ones among them */
  constructor(pairing: Pairing, likeness: Likeness, kind: Likeness) {
    this.#pairing = pairing;
    this.#likeness = likeness;
    this.#kind = kind;
  }

  /** Pairs operators until no vote is left that decides anything. */
  count(): void {
    const { a, b, inputs, outputs, ops } = this.#pairing;
    for (const [i, j] of inputs) this.#voteForUsers(a.inputs[i]!, b.inputs[j]!);
    for (const [i, j] of outputs) this.#voteForProducers(a.outputs[i]!, b.outputs[j]!);
    for (const [x, y] of ops) this.#voteAround(x, y);
    for (let next = this.#best(); next; next = this.#best()) {
      const { x, y } = next;
      if (!this.#isOpen(next) || this.#rivals(next).some((rival) => score(rival) >= score(next!))) continue;
      const rivals = this.#rivals(next);
      this.#pairing.pair(x, y);
      this.#voteAround(x, y);
      // Those that these two have kept waiting.
      for (const { x: other, y: another } of rivals)
        for (const freed of [
          ...(this.#ofFirst.get(other)?.values() ?? []),
          ...(this.#ofSecond.get(another)?.values() ?? []),
        ])
          if (this.#isOpen(freed)) this.#enqueue(freed);
    }
  }

  #best(): Candidate | undefined {
    while (this.#waiting.length > 0) {
      const next = this.#waiting.at(-1)?.pop();
      if (next) return next;
      this.#waiting.pop();
    }
    return undefined;
  }

  #isOpen({ x, y }: Candidate): boolean {
    return !this.#pairing.ops.has(x) && !this.#pairing.opsBack.has(y);
  }

  /** Other candidates for one of the two. */
  #rivals(candidate: Candidate): Candidate[] {
    const others = [
      ...this.#ofFirst.get(candidate.x)!.values(),
      ...this.#ofSecond.get(candidate.y)!.values(),
    ];
    return others.filter((other) => other !== candidate && this.#isOpen(other));
  }

  #enqueue(candidate: Candidate): void {
    const at = score(candidate);
    while (this.#waiting.length <= at) this.#waiting.push([]);
    this.#waiting[at]!.push(candidate);
  }

  #voteAround(x: Op, y: Op): void {
    for (const [i, output] of x.outputs.entries()) {
      const other = y.outputs[i];
      if (output && other) this.#voteForUsers(output, other);
    }
    for (const [i, input] of x.inputs.entries()) {
      const other = y.inputs[i];
      if (input && other) this.#voteForProducers(input, other);
    }
  }

  #voteForProducers(v: Value, w: Value): void {
    const [x, y] = [v.producer, w.producer];
    if (!x || !y || x.outputs.indexOf(v) !== y.outputs.indexOf(w)) return;
    this.#vote(x, y, (candidate) => {
      candidate.isRead = true;
    });
  }

  #voteForUsers(v: Value, w: Value): void {
    const { ops, opsBack } = this.#pairing;
    const places = (value: Value, partners: ReadonlyMap<Op, Op>) =>
      groupBy(new Set(value.users), (user) => (partners.has(user) ? undefined : this.#likeness(user)));
    const theirs = places(w, opsBack);
    for (const [likeness, users] of places(v, ops)) {
      const others = theirs.get(likeness) ?? [];
      if (users.length * others.length > MAX_READERS) continue;
      for (const x of users)
        for (const y of others) {
          const agreeing = x.inputs.filter((input, i) => input === v && y.inputs[i] === w).length;
          if (agreeing > 0)
            this.#vote(x, y, (candidate) => {
              candidate.inputs += agreeing;
            });
        }
    }
  }

  #vote(x: Op, y: Op, add: (candidate: Candidate) => void): void {
    if (this.#pairing.ops.has(x) || this.#pairing.opsBack.has(y)) return;
    if (this.#likeness(x) !== this.#likeness(y)) return;
    let candidate = this.#ofFirst.get(x)?.get(y);
    if (!candidate) {
      candidate = { x, y, isSameKind: this.#kind(x) === this.#kind(y), inputs: 0, isRead: false };
      put(this.#ofFirst, x, y, candidate);
      put(this.#ofSecond, y, x, candidate);
    }
    add(candidate);
    this.#enqueue(candidate);
  }
}

function put(map: Map<Op, Map<Op, Candidate>>, key: Op, other: Op, candidate: Candidate): void {
  map.set(key, (map.get(key) ?? new Map<Op, Candidate>()).set(other, candidate));
}

/** What reads both counts once, whatever the number of readers: it decides between candidates of equal inputs. */
function score({ isSameKind, inputs, isRead }: Candidate): number {
  return (isSameKind ? KIND : 0) + 2 * Math.min(inputs, KIND / 2 - 1) + (isRead ? 1 : 0);
}

/** More than inputs can make. */
const KIND = 64;
