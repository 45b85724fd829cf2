/**
 * Which operator of one graph is which of another, after some filter ran. Four kinds of evidence, the surest first:
 * the same computation from the inputs on; the same computation down to the outputs; the same output name, or the
 * same weights, on an operator of the same kind; a neighbour that is matched. Names alone are never needed: what a
 * filter renames is found by what it computes, and what it replaces has matched neighbours on all sides.
 */
import { createHash } from 'node:crypto';
import { type CircleBuffer, tensorTypeName } from '../circle/index.ts';
import type { Graph, Op, Value } from '../ir/graph/index.ts';
import { bytesOf } from '../ir/graph/index.ts';
import { optionRows, shapeText, titleOf, typeText } from './describe.ts';

/** From the first graph's objects to the second's. */
export interface Match {
  ops: Map<Op, Op>;
  values: Map<Value, Value>;
}

/** Weights of fewer elements (a factor, a shape) are too common to tell operators apart by. */
const TELLING_BYTES = 64;

export function matchGraphs(before: Graph, after: Graph): Match {
  const matcher = new Matcher(before, after);
  matcher.pairPorts();
  matcher.pairBy(matcher.forward(before, true), matcher.forward(after, false));
  matcher.pairBy(matcher.backward(before, true), matcher.backward(after, false));
  matcher.pairBy(labels(before, byName), labels(after, byName));
  const weights = (op: Op) => matcher.byWeights(op);
  matcher.pairBy(labels(before, weights), labels(after, weights));
  matcher.spread();
  return matcher.finish();
}

function labels(graph: Graph, label: (op: Op) => string | undefined): Map<Op, string | undefined> {
  return new Map(graph.ops.map((op) => [op, label(op)]));
}

const byName = (op: Op) => (op.output?.name ? `${titleOf(op)} ${op.output.name}` : undefined);

class Matcher {
  readonly #before: Graph;
  readonly #after: Graph;
  readonly #ops = new Map<Op, Op>();
  readonly #taken = new Set<Op>();
  readonly #values = new Map<Value, Value>();
  /** Numbers for the graph inputs (outputs) that are the same in both graphs. */
  readonly #inputs = new Map<Value, number>();
  readonly #outputs = new Map<Value, number>();
  readonly #constants = new Map<Value, string>();
  readonly #hashes = new Map<CircleBuffer, string>();
  readonly #kinds = new Map<Op, string>();

  constructor(before: Graph, after: Graph) {
    this.#before = before;
    this.#after = after;
  }

  pairPorts(): void {
    for (const [list, numbers] of [
      ['inputs', this.#inputs],
      ['outputs', this.#outputs],
    ] as const)
      for (const [i, [a, b]] of pairPorts(this.#before[list], this.#after[list]).entries()) {
        numbers.set(a, i);
        numbers.set(b, i);
        if (list === 'inputs') this.#values.set(a, b);
      }
  }

  /** Pairs what has the same label and is not paired yet, the first with the first. */
  pairBy(before: Map<Op, string | undefined>, after: Map<Op, string | undefined>): void {
    const waiting = new Map<string, Op[]>();
    for (const [op, label] of after) {
      if (label === undefined || this.#taken.has(op)) continue;
      const list = waiting.get(label);
      if (list) list.push(op);
      else waiting.set(label, [op]);
    }
    for (const list of waiting.values()) list.reverse();
    for (const [op, label] of before) {
      if (label === undefined || this.#ops.has(op)) continue;
      const found = waiting.get(label)?.pop();
      if (found) this.#pair(op, found);
    }
  }

  /** What an operator computes from the graph's inputs on. */
  forward(graph: Graph, isBefore: boolean): Map<Op, string> {
    const found = new Map<Op, string>();
    for (const op of graph.ops) {
      const inputs = op.inputs.map((input) => {
        if (input === null) return '-';
        if (input.isConstant) return this.#constant(input);
        const producer = input.producer;
        if (producer) return `${found.get(producer) ?? 'later'}.${producer.outputs.indexOf(input)}`;
        return this.#port('in', this.#inputs.get(input), isBefore);
      });
      found.set(op, digest(`${this.#kind(op)}(${inputs.join()})`));
    }
    return found;
  }

  /** What becomes of an operator's outputs, down to the graph's outputs. */
  backward(graph: Graph, isBefore: boolean): Map<Op, string> {
    const found = new Map<Op, string>();
    const outputs = new Set(graph.outputs);
    for (const op of graph.ops.toReversed()) {
      const uses = op.outputs.map((output) => {
        if (output === null) return '-';
        const users = [...new Set(output.users)].map(
          (user) => `${found.get(user) ?? 'earlier'}.${user.inputs.indexOf(output)}`,
        );
        if (outputs.has(output)) users.push(this.#port('out', this.#outputs.get(output), isBefore));
        return users.sort().join('+');
      });
      found.set(op, digest(`${this.#kind(op)}>${uses.join()}`));
    }
    return found;
  }

  /** The kind of operator with its largest constants; undefined when it has none. */
  byWeights(op: Op): string | undefined {
    const large = op.inputs.some((input) => (input?.buffer.data?.byteLength ?? 0) >= TELLING_BYTES);
    return large ? this.#kind(op) : undefined;
  }

  /** From matched operators to their neighbours, as long as only one fits. */
  spread(): void {
    const queue = [...this.#ops];
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [a, b] = next;
      const found: [Op, Op][] = [];
      a.inputs.forEach((input, i) => {
        const [p, q] = [input?.producer, b.inputs[i]?.producer];
        if (p && q) found.push([p, q]);
      });
      a.outputs.forEach((output, i) => {
        const other = b.outputs[i];
        if (output && other) found.push(...this.#onlyUsers(output, other));
      });
      for (const [p, q] of found)
        if (!this.#ops.has(p) && !this.#taken.has(q) && this.#kind(p) === this.#kind(q)) {
          this.#pair(p, q);
          queue.push([p, q]);
        }
    }
  }

  /** Adds the pairs of values: what paired operators produce, and constants of the same content. */
  finish(): Match {
    for (const [a, b] of this.#ops)
      a.outputs.forEach((output, i) => {
        const other = b.outputs[i];
        if (output && other) this.#values.set(output, other);
      });
    const constants = new Map<string, Value[]>();
    for (const value of this.#after.values) {
      if (!value.isConstant) continue;
      const key = this.#constant(value);
      const list = constants.get(key);
      if (list) list.push(value);
      else constants.set(key, [value]);
    }
    for (const value of this.#before.values) {
      if (!value.isConstant) continue;
      const list = constants.get(this.#constant(value));
      // The last one stays: a file that shares a constant is compared with one that repeats it.
      const found = list && (list.length > 1 ? list.shift() : list[0]);
      if (found) this.#values.set(value, found);
    }
    return { ops: this.#ops, values: this.#values };
  }

  #onlyUsers(output: Value, other: Value): [Op, Op][] {
    const open = (value: Value, isOpen: (op: Op) => boolean) => {
      const kinds = new Map<string, Op[]>();
      for (const user of new Set(value.users))
        if (isOpen(user)) {
          const key = `${this.#kind(user)} ${user.inputs.indexOf(value)}`;
          kinds.set(key, [...(kinds.get(key) ?? []), user]);
        }
      return kinds;
    };
    const theirs = open(other, (op) => !this.#taken.has(op));
    const pairs: [Op, Op][] = [];
    for (const [key, users] of open(output, (op) => !this.#ops.has(op))) {
      const matching = theirs.get(key);
      if (users.length === 1 && matching?.length === 1) pairs.push([users[0]!, matching[0]!]);
    }
    return pairs;
  }

  #pair(a: Op, b: Op): void {
    this.#ops.set(a, b);
    this.#taken.add(b);
  }

  #port(what: string, number: number | undefined, isBefore: boolean): string {
    return number === undefined ? `${what} of ${isBefore ? 'before' : 'after'}` : `${what}${number}`;
  }

  /** The operator by itself: its code, its options and its constants. */
  #kind(op: Op): string {
    let kind = this.#kinds.get(op);
    if (kind === undefined) {
      const constants = op.inputs.map((input) =>
        input === null ? '-' : input.isConstant ? this.#constant(input) : '*',
      );
      kind = digest(JSON.stringify([titleOf(op), optionRows(op), constants]));
      this.#kinds.set(op, kind);
    }
    return kind;
  }

  #constant(value: Value): string {
    let key = this.#constants.get(value);
    if (key === undefined) {
      let hash = this.#hashes.get(value.buffer);
      if (hash === undefined) {
        hash = createHash('sha256').update(bytesOf(value)!).digest('base64');
        this.#hashes.set(value.buffer, hash);
      }
      key = `${tensorTypeName(value.type)} ${shapeText(value)} ${hash}`;
      this.#constants.set(value, key);
    }
    return key;
  }
}

/** Graph inputs (outputs) of two graphs: by name, then the rest in order as far as the type and shape agree. */
export function pairPorts(before: readonly Value[], after: readonly Value[]): [Value, Value][] {
  const pairs: [Value, Value][] = [];
  const [left, right] = [new Set(before), new Set(after)];
  const take = (a: Value, b: Value) => {
    pairs.push([a, b]);
    left.delete(a);
    right.delete(b);
  };
  const named = new Map(after.toReversed().map((value) => [value.name, value]));
  for (const value of before) {
    const found = value.name === '' ? undefined : named.get(value.name);
    if (found && right.has(found) && left.has(value)) take(value, found);
  }
  for (const a of left) {
    const found = [...right].find((b) => typeText(a) === typeText(b));
    if (found) take(a, found);
  }
  return pairs;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
