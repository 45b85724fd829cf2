/**
 * Which operators of two graphs belong together. From outputs that belong together, producers do when they are the same
 * operator, and so on up; what that leaves is paired by what it computes (an operator put in between parts the graph,
 * but above it nothing has changed), then by name.
 */
import { createHash } from 'node:crypto';
import type { Graph, Op, Value } from '../graph/index.ts';
import { bytesOf } from '../graph/index.ts';
import { opName, optionsText, typeText } from './describe.ts';

/** A place where the second graph has something else than the first. */
export interface Mismatch {
  a: Value | null;
  b: Value | null;
  /** The operator of the first graph that reads `a`, and as which input; null for a graph output. */
  reader: Op | null;
  place: number;
}

export class Pairing {
  readonly ops = new Map<Op, Op>();
  readonly values = new Map<Value, Value>();
  readonly constants: Mismatch[] = [];
  readonly mismatches: Mismatch[] = [];
  private readonly opsReverse = new Map<Op, Op>();
  private readonly reverse = new Map<Value, Value>();
  private readonly a: Graph;
  private readonly b: Graph;

  constructor(a: Graph, b: Graph, inputs: readonly [Value, Value][], outputs: readonly [Value, Value][]) {
    this.a = a;
    this.b = b;
    for (const [x, y] of inputs) this.join(x, y);
    outputs.forEach(([x, y], i) => {
      this.walk({ a: x, b: y, reader: null, place: a.outputs.indexOf(x) < 0 ? i : a.outputs.indexOf(x) });
    });
    if (this.restOf(a).length > 0 || this.restOf(b).length > 0) {
      this.pairByHash();
      this.pairByName();
    }
  }

  /** Operators of the first graph without a partner. */
  get onlyA(): Op[] {
    return this.restOf(this.a);
  }
  get onlyB(): Op[] {
    return this.restOf(this.b);
  }

  isPaired(value: Value): boolean {
    return this.values.has(value) || this.reverse.has(value);
  }

  private restOf(graph: Graph): Op[] {
    const paired = graph === this.a ? this.ops : this.opsReverse;
    return graph.ops.filter((op) => !paired.has(op));
  }

  private join(x: Value, y: Value): void {
    this.values.set(x, y);
    this.reverse.set(y, x);
  }

  /** Follows producers up, without recursion: graphs can be long. */
  private walk(start: Mismatch): void {
    const queue = [start];
    for (let pair = queue.pop(); pair; pair = queue.pop()) {
      const { a, b } = pair;
      if (a === null || b === null) {
        if (a !== b) this.mismatches.push(pair);
      } else if (a.isConstant && b.isConstant) this.constants.push(pair);
      else if (this.values.get(a) === b) continue;
      else if (a.isConstant || b.isConstant || this.isPaired(a) || this.isPaired(b))
        this.mismatches.push(pair);
      else if (a.producer && b.producer && this.fits(a, b))
        queue.push(...this.pairOps(a.producer, b.producer).reverse());
      else if (!a.producer && !b.producer && !this.isInput(a) && !this.isInput(b)) this.join(a, b);
      else this.mismatches.push(pair);
    }
  }

  private isInput(value: Value): boolean {
    return this.a.inputs.includes(value) || this.b.inputs.includes(value);
  }

  /** The same output of the same operator, with as many inputs and outputs, neither taken. */
  private fits(a: Value, b: Value): boolean {
    const [x, y] = [a.producer!, b.producer!];
    return (
      !this.ops.has(x) &&
      !this.opsReverse.has(y) &&
      opName(x) === opName(y) &&
      x.inputs.length === y.inputs.length &&
      x.outputs.length === y.outputs.length &&
      x.outputs.indexOf(a) === y.outputs.indexOf(b)
    );
  }

  /** @returns the pairs that follow from it */
  private pairOps(x: Op, y: Op): Mismatch[] {
    this.ops.set(x, y);
    this.opsReverse.set(y, x);
    x.outputs.forEach((output, i) => {
      const other = y.outputs[i];
      if (output && other) this.join(output, other);
    });
    return x.inputs.map((input, place) => ({ a: input, b: y.inputs[place] ?? null, reader: x, place }));
  }

  /** Operators that compute the same from the same inputs and constants. */
  private pairByHash(): void {
    const [left, right] = [hashes(this.a, this.constantHashes), hashes(this.b, this.constantHashes)];
    this.pairBy(
      (op) => left.get(op)!,
      (op) => right.get(op)!,
    );
  }

  /** Operators of the same kind whose first outputs have the same name. */
  private pairByName(): void {
    const key = (op: Op) =>
      op.output?.name
        ? `${opName(op)} ${op.inputs.length} ${op.outputs.length} ${op.output.name}`
        : undefined;
    this.pairBy(key, key);
  }

  private readonly constantHashes = new Map<Value, string>();

  private pairBy(keyA: (op: Op) => string | undefined, keyB: (op: Op) => string | undefined): void {
    const waiting = new Map<string, Op[]>();
    for (const op of this.onlyB) {
      const key = keyB(op);
      if (key === undefined) continue;
      const list = waiting.get(key);
      if (list) list.push(op);
      else waiting.set(key, [op]);
    }
    for (const op of this.onlyA) {
      const key = keyA(op);
      const other = key === undefined ? undefined : waiting.get(key)?.shift();
      // A walk further up may have taken either since.
      if (!other || this.ops.has(op) || this.opsReverse.has(other)) continue;
      if (op.outputs.some((v) => v && this.isPaired(v)) || other.outputs.some((v) => v && this.isPaired(v)))
        continue;
      for (const pair of this.pairOps(op, other)) this.walk(pair);
    }
  }
}

/** What each operator computes, inputs by number, constants by content; a hash, so that shared values cost once. */
function hashes(graph: Graph, constants: Map<Value, string>): Map<Op, string> {
  const found = new Map<Op, string>();
  const inputs = new Map(graph.inputs.map((value, i) => [value, i]));
  const valueText = (value: Value | null): string => {
    if (value === null) return '-';
    if (value.producer) return `${found.get(value.producer) ?? '?'}.${value.producer.outputs.indexOf(value)}`;
    if (inputs.has(value)) return `input ${inputs.get(value)}`;
    if (!value.isConstant) return 'none';
    let hash = constants.get(value);
    if (hash === undefined) {
      hash = digest([bytesOf(value)!, typeText(value)]);
      constants.set(value, hash);
    }
    return hash;
  };
  for (const op of graph.ops)
    found.set(op, digest([opName(op), optionsText(op), ...op.inputs.map(valueText), `${op.outputs.length}`]));
  return found;
}

function digest(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('base64');
}
