/** The pairs of operators and values found so far, and how they spread to their neighbours. */
import type { Graph, Op, Value } from '../graph/index.ts';
import { groupBy } from './group.ts';
import { type PortPair, pairPorts } from './ports.ts';

/** Two operators can belong together when they have the same number. */
export type Likeness = (op: Op) => number;

/** Values of both graphs that belong together, or operators with everything that they read and make. */
type Pair = { values: [Value, Value] } | { ops: [Op, Op] };

export class Pairing {
  readonly a: Graph;
  readonly b: Graph;
  readonly inputs: PortPair[];
  readonly outputs: PortPair[];
  /** From the first graph to the second, and back. */
  readonly ops = new Map<Op, Op>();
  readonly opsBack = new Map<Op, Op>();
  /** A constant may have several partners: one file shares what the other repeats. The first one stands here. */
  readonly values = new Map<Value, Value>();
  readonly valuesBack = new Map<Value, Value>();
  /** For both operators of a pair the same number; apart, because a graph can be compared with itself. */
  readonly numbers = new Map<Op, number>();
  readonly numbersBack = new Map<Op, number>();
  readonly #pairs: Pair[] = [];

  constructor(a: Graph, b: Graph) {
    this.a = a;
    this.b = b;
    this.inputs = pairPorts(a.inputs, b.inputs);
    this.outputs = pairPorts(a.outputs, b.outputs);
    for (const [i, j] of this.inputs) this.join(a.inputs[i]!, b.inputs[j]!);
    for (const [i, j] of this.outputs) this.#pairs.push({ values: [a.outputs[i]!, b.outputs[j]!] });
    for (const [i, j] of this.inputs) this.#pairs.push({ values: [a.inputs[i]!, b.inputs[j]!] });
  }

  openOps(): [first: Op[], second: Op[]] {
    return [this.a.ops.filter((op) => !this.ops.has(op)), this.b.ops.filter((op) => !this.opsBack.has(op))];
  }

  pair(x: Op, y: Op): void {
    this.ops.set(x, y);
    this.opsBack.set(y, x);
    const number = this.#pairs.push({ ops: [x, y] });
    this.numbers.set(x, number);
    this.numbersBack.set(y, number);
    x.outputs.forEach((output, i) => {
      const other = y.outputs[i];
      if (output && other) this.join(output, other);
    });
  }

  /** Makes two values partners, each unless it has one. */
  join(v: Value, w: Value): void {
    if (!this.values.has(v)) this.values.set(v, w);
    if (!this.valuesBack.has(w)) this.valuesBack.set(w, v);
  }

  /**
   * From every pair to its neighbours, and on from what that finds: up to producers, which the place of an input
   * decides; down to users where only one on each side can be meant.
   */
  spread(likeness: Likeness): void {
    // The list grows while it is gone through.
    for (const pair of this.#pairs)
      for (const [v, w] of valuesAround(pair))
        for (const [x, y] of [...this.#producers(v, w), ...this.#users(v, w, likeness)])
          if (!this.ops.has(x) && !this.opsBack.has(y) && likeness(x) === likeness(y)) this.pair(x, y);
  }

  *#producers(v: Value, w: Value): Generator<[Op, Op]> {
    const [x, y] = [v.producer, w.producer];
    if (x && y && x.outputs.indexOf(v) === y.outputs.indexOf(w)) yield [x, y];
  }

  *#users(v: Value, w: Value, likeness: Likeness): Generator<[Op, Op]> {
    // What reads a constant that both have says little: a shape, a factor.
    if (v.isConstant || w.isConstant || this.values.get(v) !== w) return;
    const open = (value: Value, partners: ReadonlyMap<Op, Op>) =>
      groupBy(new Set(value.users), (user) =>
        partners.has(user) ? undefined : `${likeness(user)} ${user.inputs.indexOf(value)}`,
      );
    const theirs = open(w, this.opsBack);
    for (const [key, users] of open(v, this.ops)) {
      const others = theirs.get(key);
      if (users.length === 1 && others?.length === 1) yield [users[0]!, others[0]!];
    }
  }
}

function* valuesAround(pair: Pair): Generator<[Value, Value]> {
  if ('values' in pair) {
    yield pair.values;
    return;
  }
  const [x, y] = pair.ops;
  for (const side of ['inputs', 'outputs'] as const)
    for (const [i, v] of x[side].entries()) {
      const w = y[side][i];
      if (v && w) yield [v, w];
    }
}
