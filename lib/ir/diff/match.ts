/**
 * Which operator of one graph is which of another, whatever the names, the numbering and the order of operators. The
 * evidence, the surest first:
 *
 * 1. the same computation from the inputs on, followed up from the outputs, so that copies of a graph match exactly;
 * 2. the same operator with the same large constants, where each graph has one such operator;
 * 3. neighbours that have partners (`votes.ts`);
 * 4. the same name on the same operator; then what is left of 1 and 2, the first with the first;
 * 5. neighbours again, now for operators whose options or constants differ.
 *
 * Below a place where something was put in or taken out there is no 1, and 2 and 3 find what is the same.
 */
import type { Graph, Op, Value } from '../graph/index.ts';
import { opName, optionsText } from './describe.ts';
import { groupBy } from './group.ts';
import { Labels } from './labels.ts';
import { type Likeness, Pairing } from './pairing.ts';
import type { PortPair } from './ports.ts';
import { Votes } from './votes.ts';

export interface GraphMatch {
  /** Places in the lists of graph inputs (outputs), in the order of the first graph. */
  inputs: readonly PortPair[];
  outputs: readonly PortPair[];
  ops: ReadonlyMap<Op, Op>;
  opsBack: ReadonlyMap<Op, Op>;
  /** A constant that one graph shares and the other repeats has several partners; its first one stands here. */
  values: ReadonlyMap<Value, Value>;
  valuesBack: ReadonlyMap<Value, Value>;
}

/** Operators are not recognised by constants smaller than this: factors and shapes are the same all over a graph. */
const LARGE_BYTES = 64;

/** Symmetric: for (b, a) the same pairs are found, because the search always starts from the same one of the two. */
export function matchGraphs(a: Graph, b: Graph, labels = new Labels()): GraphMatch {
  if (compareTexts(textsOf(a, labels), textsOf(b, labels)) <= 0) return search(a, b, labels);
  const { inputs, outputs, ops, opsBack, values, valuesBack } = search(b, a, labels);
  const turned = (pairs: readonly PortPair[]) =>
    pairs.map(([i, j]): PortPair => [j, i]).sort(([x], [y]) => x - y);
  return {
    inputs: turned(inputs),
    outputs: turned(outputs),
    ops: opsBack,
    opsBack: ops,
    values: valuesBack,
    valuesBack: values,
  };
}

function search(a: Graph, b: Graph, labels: Labels): GraphMatch {
  const pairing = new Pairing(a, b);
  const kind: Likeness = (op) => labels.kind(op);
  const byName: Key = (op) => (op.output?.name ? `${labels.call(op)} ${op.output.name}` : undefined);
  const byWeights: Key = (op) => (hasLargeConstant(op) ? kind(op) : undefined);
  const countVotes = () => new Votes(pairing, kind, kind).count();

  pairSameComputations(pairing, labels);
  pairUnique(pairing, byWeights);
  countVotes();
  pairUnique(pairing, byName);
  countVotes();
  while (pairOneOfMany(pairing, labels)) countVotes();
  pairInOrder(pairing, byWeights);
  new Votes(pairing, (op) => labels.call(op), kind).count();
  joinLeaves(pairing, labels);
  return pairing;
}

/** The same computation: followed up from the outputs, then wherever only one operator on each side can be meant. */
function pairSameComputations(pairing: Pairing, labels: Labels): void {
  const computation = computations(pairing, labels);
  pairing.spread(computation);
  while (pairUnique(pairing, computations(pairing, labels))) pairing.spread(computation);
}

/** What operators of both graphs compute from the graph inputs, and from operators that have a partner by now. */
function computations(pairing: Pairing, labels: Labels): Likeness {
  const { a, b, inputs } = pairing;
  const ports = new Map<Value, string>();
  for (const value of a.inputs) ports.set(value, 'an input of the first');
  for (const value of b.inputs) ports.set(value, 'an input of the second');
  inputs.forEach(([i, j], number) => {
    ports.set(a.inputs[i]!, `input ${number}`);
    ports.set(b.inputs[j]!, `input ${number}`);
  });
  const of = (graph: Graph, numbers: ReadonlyMap<Op, number>) =>
    labels.computations(graph, (value) => {
      const { producer } = value;
      const number = producer ? numbers.get(producer) : undefined;
      return number === undefined ? ports.get(value) : `pair ${number}.${producer!.outputs.indexOf(value)}`;
    });
  const [first, second] = [of(a, pairing.numbers), of(b, pairing.numbersBack)];
  return (op) => first.get(op) ?? second.get(op)!;
}

type Key = (op: Op) => string | number | undefined;

/** Users before what they read: a pair decides about everything above it. */
function openByKey(pairing: Pairing, key: Key) {
  const [left, right] = pairing.openOps();
  return [groupBy(left.reverse(), key), groupBy(right.reverse(), key)] as const;
}

/** Pairs operators whose key nothing else has. @returns whether there was one */
function pairUnique(pairing: Pairing, key: Key): boolean {
  const [left, right] = openByKey(pairing, key);
  const before = pairing.ops.size;
  for (const [text, ops] of left) {
    const others = right.get(text);
    if (ops.length === 1 && others?.length === 1) pairing.pair(ops[0]!, others[0]!);
  }
  return pairing.ops.size > before;
}

function pairInOrder(pairing: Pairing, key: Key): void {
  const [left, right] = openByKey(pairing, key);
  for (const [text, ops] of left)
    ops.forEach((op, i) => {
      const other = right.get(text)?.[i];
      if (other) pairing.pair(op, other);
    });
}

/**
 * Of several operators that compute the same, one pair: the next round knows more about the others.
 * @returns whether there was one
 */
function pairOneOfMany(pairing: Pairing, labels: Labels): boolean {
  const [left, right] = openByKey(pairing, computations(pairing, labels));
  for (const [label, ops] of left) {
    const others = right.get(label);
    if (!others) continue;
    const op = ops[0]!;
    pairing.pair(op, others.find((other) => other.output?.name === op.output?.name) ?? others[0]!);
    return true;
  }
  return false;
}

function hasLargeConstant(op: Op): boolean {
  return op.inputs.some((input) => (input?.buffer.data?.byteLength ?? 0) >= LARGE_BYTES);
}

/** Neither made by an operator nor a constant. */
function isLeaf(value: Value): boolean {
  return value.producer === null && !value.isConstant;
}

/** What no operator makes: constants read at the same place, then those of the same content; and unset tensors. */
function joinLeaves(pairing: Pairing, labels: Labels): void {
  const inputs = new Set([...pairing.a.inputs, ...pairing.b.inputs]);
  const isUnset = (value: Value) => isLeaf(value) && !inputs.has(value);
  const join = (v: Value | null | undefined, w: Value | null | undefined) => {
    if (v && w && ((v.isConstant && w.isConstant) || (isUnset(v) && isUnset(w)))) pairing.join(v, w);
  };
  for (const x of pairing.a.ops)
    for (const [i, input] of x.inputs.entries()) join(input, pairing.ops.get(x)?.inputs[i]);
  for (const [i, j] of pairing.outputs) join(pairing.a.outputs[i], pairing.b.outputs[j]);
  const open = (graph: Graph, partners: ReadonlyMap<Value, Value>) =>
    groupBy(graph.values, (value) =>
      value.isConstant && !partners.has(value) ? labels.constant(value) : undefined,
    );
  const theirs = open(pairing.b, pairing.valuesBack);
  for (const [content, list] of open(pairing.a, pairing.values))
    for (const [i, value] of list.entries()) join(value, theirs.get(content)?.[i]);
}

/** A graph as texts that do not depend on what it is compared with. */
function* textsOf(graph: Graph, labels: Labels): Generator<string> {
  yield String(graph.ops.length).padStart(9, '0');
  const text = (value: Value | null) =>
    value === null ? '-' : `${value.name} ${value.isConstant ? labels.constant(value) : value.type}`;
  for (const ports of [graph.inputs, graph.outputs])
    yield ports.map((value) => `${text(value)} ${value.shape.join('x')}`).join();
  for (const op of graph.ops)
    yield `${opName(op)} ${optionsText(op)} ${op.inputs.map(text).join()} ${op.outputs.map(text).join()}`;
}

function compareTexts(a: Iterator<string>, b: Iterator<string>): number {
  for (;;) {
    const [x, y] = [a.next(), b.next()];
    if (x.done || y.done) return Number(!x.done) - Number(!y.done);
    if (x.value !== y.value) return x.value < y.value ? -1 : 1;
  }
}
