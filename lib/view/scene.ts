/**
 * What is to be drawn of one graph, or of two laid over each other: nodes and links by number. Of two graphs, what
 * they share stands once, and what only one has stands beside it, between the same neighbours. What belongs together
 * and what has changed is what `ir/diff` says: the page shows the differences that `o2o diff` lists.
 */
import type { ComparedGraphs } from '../ir/diff/index.ts';
import type { Graph, Op, Value } from '../ir/graph/index.ts';
import type { Status } from './data.ts';
import { optionRows, shapeText, titleOf } from './describe.ts';

/** The same thing in both models; null where one does not have it. With one model, `before` is always null. */
export interface Pair<T> {
  before: T | null;
  after: T | null;
}

/** A graph by itself, two that belong together, or a graph for which the other model has none. */
export type Subject =
  | { kind: 'alone'; graph: Graph }
  | { kind: 'both'; compared: ComparedGraphs }
  | { kind: 'removed' | 'added'; graph: Graph };

export function graphsOf(subject: Subject): Pair<Graph> {
  if (subject.kind === 'both') return { before: subject.compared.first, after: subject.compared.second };
  return subject.kind === 'removed'
    ? { before: subject.graph, after: null }
    : { before: null, after: subject.graph };
}

export interface SceneNode {
  kind: 'op' | 'input' | 'output';
  status: Status;
  /** Both null for inputs and outputs. */
  op: Pair<Op>;
  /** For inputs and outputs, the tensor's number; -1 for operators. */
  tensor: number;
  /** Links that end here and that start here, in the order of inputs (outputs). */
  in: Link[];
  out: Link[];
}

/** One tensor's way from what makes it to one of its readers. */
export interface Link {
  from: number;
  to: number;
  tensor: number;
  status: Status;
}

export interface Scene {
  nodes: SceneNode[];
  tensors: (Pair<Value> & { status: Status })[];
  numbers: Map<Value, number>;
}

export function sceneOf(subject: Subject): Scene {
  return new Builder(subject).build();
}

/** What is known of two graphs that have nothing to do with each other. */
const NOTHING = {
  match: {
    inputs: [],
    outputs: [],
    ops: new Map(),
    opsBack: new Map(),
    values: new Map(),
    valuesBack: new Map(),
  },
  changed: { ops: new Set(), rewired: new Set(), values: new Set() },
} satisfies Pick<ComparedGraphs, 'match' | 'changed'>;

class Builder {
  readonly #scene: Scene = { nodes: [], tensors: [], numbers: new Map() };
  readonly #graphs: Pair<Graph>;
  readonly #isCompared: boolean;
  readonly #match: ComparedGraphs['match'];
  readonly #changed: ComparedGraphs['changed'];
  /** The node that makes each tensor. */
  readonly #makers = new Map<number, number>();

  constructor(subject: Subject) {
    this.#graphs = graphsOf(subject);
    this.#isCompared = subject.kind !== 'alone';
    const { match, changed } = subject.kind === 'both' ? subject.compared : NOTHING;
    this.#match = match;
    this.#changed = changed;
  }

  build(): Scene {
    const { before, after } = this.#graphs;
    this.#addTensors();
    for (const pair of this.#ports('inputs')) {
      const tensor = this.#numberOf(pair);
      const own = pair.before && pair.after ? this.#scene.tensors[tensor]!.status : this.#status(pair);
      this.#makers.set(tensor, this.#add('input', NO_OP, tensor, own));
    }
    for (const pair of merge(before?.ops ?? [], after?.ops ?? [], this.#match)) {
      const isChanged = pair.before !== null && this.#changed.ops.has(pair.before);
      const node = this.#add('op', pair, -1, isChanged ? 'changed' : this.#status(pair));
      for (const op of [pair.before, pair.after])
        for (const output of op?.outputs ?? [])
          if (output) this.#makers.set(this.#scene.numbers.get(output)!, node);
    }
    this.#scene.nodes.forEach((node, to) => {
      if (node.kind === 'op') this.#linkInputs(node, to);
    });
    for (const pair of this.#ports('outputs')) this.#addOutput(pair);
    return this.#scene;
  }

  #status(pair: Pair<unknown>): Status {
    if (!this.#isCompared || (pair.before && pair.after)) return 'same';
    return pair.after ? 'added' : 'removed';
  }

  #add(kind: SceneNode['kind'], op: Pair<Op>, tensor: number, status: Status): number {
    return this.#scene.nodes.push({ kind, op, tensor, status, in: [], out: [] }) - 1;
  }

  #numberOf({ before, after }: Pair<Value>): number {
    return this.#scene.numbers.get((after ?? before)!)!;
  }

  /** Tensors of the second model first. A constant that both have may be one tensor here and several there. */
  #addTensors(): void {
    const { tensors, numbers } = this.#scene;
    for (const value of this.#graphs.after?.values ?? []) {
      const origin = this.#match.valuesBack.get(value) ?? null;
      const own = this.#status({ before: origin, after: value });
      const isChanged = origin !== null && this.#changed.values.has(origin);
      numbers.set(
        value,
        tensors.push({ before: origin, after: value, status: isChanged ? 'changed' : own }) - 1,
      );
    }
    for (const value of this.#graphs.before?.values ?? []) {
      const other = this.#match.values.get(value);
      const number = other ? numbers.get(other)! : tensors.length;
      if (!other) tensors.push({ before: value, after: null, status: 'removed' });
      numbers.set(value, number);
    }
  }

  /** Those of the second graph, then those that only the first has. */
  #ports(side: 'inputs' | 'outputs'): Pair<Value>[] {
    const { before, after } = this.#graphs;
    const [mine, theirs] = [before?.[side] ?? [], after?.[side] ?? []];
    const origin = new Map(this.#match[side].map(([i, j]) => [j, i]));
    const kept = new Set(origin.values());
    return [
      ...theirs.map((value, j) => ({ before: mine[origin.get(j) ?? -1] ?? null, after: value })),
      ...mine.filter((_, i) => !kept.has(i)).map((value) => ({ before: value, after: null })),
    ];
  }

  #addOutput(pair: Pair<Value>): void {
    const tensor = this.#numberOf(pair);
    const own = this.#status(pair);
    const isChanged = pair.before !== null && own === 'same' && this.#changed.values.has(pair.before);
    const to = this.#add('output', NO_OP, tensor, isChanged ? 'changed' : own);
    const maker = this.#makers.get(tensor);
    // An output that both have, and that something else computes now.
    const old = pair.before && pair.after ? this.#scene.numbers.get(pair.before)! : tensor;
    if (maker !== undefined)
      this.#connect({ from: maker, to, tensor, status: old === tensor ? own : 'added' });
    const oldMaker = this.#makers.get(old);
    if (old !== tensor && oldMaker !== undefined)
      this.#connect({ from: oldMaker, to, tensor: old, status: 'removed' });
  }

  #linkInputs(node: SceneNode, to: number): void {
    const { before, after } = node.op;
    const links = (op: Op | null) =>
      (op?.inputs ?? []).flatMap((value) => {
        const tensor = value ? this.#scene.numbers.get(value)! : -1;
        const from = this.#makers.get(tensor);
        return from === undefined ? [] : [{ from, tensor }];
      });
    const [old, now] = [links(before), links(after)];
    const isIn = (list: typeof old, tensor: number) => list.some((link) => link.tensor === tensor);
    const own = this.#status(node.op);
    for (const link of now)
      this.#connect({
        ...link,
        to,
        status: own === 'same' && !isIn(old, link.tensor) && before ? 'added' : own,
      });
    for (const link of old) if (!isIn(now, link.tensor)) this.#connect({ ...link, to, status: 'removed' });
    // The same tensors in other places: no line shows it.
    const isSeen = node.in.some(({ status }) => status !== 'same');
    if (node.status === 'same' && before && this.#changed.rewired.has(before) && !isSeen)
      node.status = 'changed';
  }

  #connect(link: Link): void {
    this.#scene.nodes[link.to]!.in.push(link);
    this.#scene.nodes[link.from]!.out.push(link);
  }
}

const NO_OP: Pair<Op> = { before: null, after: null };

/** Both lists in one: what is only in the first stands where it stood, before the next operator of both. */
function merge(
  before: readonly Op[],
  after: readonly Op[],
  { ops, opsBack }: ComparedGraphs['match'],
): Pair<Op>[] {
  const place = new Map(before.map((op, i) => [op, i]));
  const merged: Pair<Op>[] = [];
  let at = 0;
  const removedUpTo = (end: number) => {
    for (; at < end; at++) if (!ops.has(before[at]!)) merged.push({ before: before[at]!, after: null });
  };
  for (const op of after) {
    const old = opsBack.get(op) ?? null;
    if (old) removedUpTo(place.get(old)!);
    merged.push({ before: old, after: op });
  }
  removedUpTo(before.length);
  return merged;
}

/**
 * What two nodes must have in common to be drawn as copies of each other: all but names and contents. Whether a filter
 * has changed a node does not matter, so that layers stay layers when it has changed one of them.
 */
export function formOf({ nodes, tensors }: Scene, number: number): string {
  const node = nodes[number]!;
  const own = node.status === 'changed' ? 'same' : node.status;
  const text = (value: Value | null) =>
    value === null ? '-' : `${value.isConstant ? 'c' : ''}${value.type} ${shapeText(value)}`;
  if (node.kind === 'op') {
    const op = (node.op.before ?? node.op.after)!;
    return JSON.stringify([own, titleOf(op), optionRows(op), op.inputs.map(text), op.outputs.map(text)]);
  }
  const { before, after } = tensors[node.tensor]!;
  return JSON.stringify([node.kind, own, text(before ?? after)]);
}
