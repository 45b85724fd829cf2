/**
 * What is to be drawn of one graph, or of two laid over each other: nodes and links by number. Of two graphs, what
 * they share stands once, and what only one has stands beside it, between the same neighbours.
 */
import type { Graph, Op, Value } from '../ir/graph/index.ts';
import type { Status } from './data.ts';
import { optionRows, shapeText, titleOf, typeText } from './describe.ts';
import { type Match, matchGraphs, pairPorts } from './match.ts';

/** The same thing in both models; null where one does not have it. With one model, `before` is always null. */
export interface Pair<T> {
  before: T | null;
  after: T | null;
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

/** @param before null: `after` is looked at by itself */
export function sceneOf(before: Graph | null, after: Graph | null): Scene {
  const match =
    before && after
      ? matchGraphs(before, after)
      : { ops: new Map<Op, Op>(), values: new Map<Value, Value>() };
  const compared = before !== null;
  const scene: Scene = { nodes: [], tensors: [], numbers: new Map() };
  addTensors(scene, before, after, match, compared);
  const status = (pair: Pair<unknown>): Status =>
    !compared || (pair.before && pair.after) ? 'same' : pair.after ? 'added' : 'removed';
  const tensorOf = (pair: Pair<Value>) => scene.numbers.get((pair.after ?? pair.before)!)!;
  const add = (kind: SceneNode['kind'], op: Pair<Op>, tensor: number, own: Status) =>
    scene.nodes.push({ kind, op, tensor, status: own, in: [], out: [] }) - 1;

  const makers = new Map<number, number>();
  const none: Pair<Op> = { before: null, after: null };
  for (const pair of portPairs(before?.inputs ?? [], after?.inputs ?? [])) {
    const tensor = tensorOf(pair);
    const own = status(pair) === 'same' ? scene.tensors[tensor]!.status : status(pair);
    makers.set(tensor, add('input', none, tensor, own));
  }
  for (const pair of merge(before?.ops ?? [], after?.ops ?? [], match.ops)) {
    const own = status(pair) === 'same' && differs(scene, pair) ? 'changed' : status(pair);
    const node = add('op', pair, -1, own);
    for (const op of [pair.before, pair.after])
      for (const output of op?.outputs ?? []) if (output) makers.set(scene.numbers.get(output)!, node);
  }
  scene.nodes.forEach((node, to) => {
    if (node.kind === 'op') linkInputs(scene, makers, node, to, compared);
  });
  for (const pair of portPairs(before?.outputs ?? [], after?.outputs ?? [])) {
    const tensor = tensorOf(pair);
    const own = status(pair);
    const to = add('output', none, tensor, own);
    const from = makers.get(tensor);
    if (from !== undefined) connect(scene, { from, to, tensor, status: own });
    // A kept output that something else computes now.
    const old = pair.before && pair.after ? scene.numbers.get(pair.before)! : tensor;
    const maker = makers.get(old);
    if (old !== tensor && maker !== undefined)
      connect(scene, { from: maker, to, tensor: old, status: 'removed' });
  }
  return scene;
}

function addTensors(
  scene: Scene,
  before: Graph | null,
  after: Graph | null,
  match: Match,
  compared: boolean,
): void {
  for (const value of after?.values ?? []) {
    const status = compared ? 'added' : 'same';
    scene.numbers.set(value, scene.tensors.push({ before: null, after: value, status }) - 1);
  }
  for (const value of before?.values ?? []) {
    const other = match.values.get(value);
    const number = other && scene.numbers.get(other);
    if (number === undefined)
      scene.numbers.set(value, scene.tensors.push({ before: value, after: null, status: 'removed' }) - 1);
    else {
      scene.numbers.set(value, number);
      const tensor = scene.tensors[number]!;
      tensor.before ??= value;
      tensor.status = typeText(tensor.before) === typeText(other!) ? 'same' : 'changed';
    }
  }
}

function portPairs(before: readonly Value[], after: readonly Value[]): Pair<Value>[] {
  const other = new Map(pairPorts(before, after));
  const shared = new Set(other.values());
  const kept = before.filter((value) => !other.has(value));
  const origin = new Map([...other].map(([a, b]) => [b, a]));
  return [
    ...after.map((value) => ({ before: shared.has(value) ? origin.get(value)! : null, after: value })),
    ...kept.map((value) => ({ before: value, after: null })),
  ];
}

/** Both lists in one: what is only in the first stands where it stood, before the next operator of both. */
function merge(before: readonly Op[], after: readonly Op[], match: Map<Op, Op>): Pair<Op>[] {
  const origin = new Map([...match].map(([a, b]) => [b, a]));
  const place = new Map(before.map((op, i) => [op, i]));
  const merged: Pair<Op>[] = [];
  let at = 0;
  const removedUpTo = (end: number) => {
    for (; at < end; at++) if (!match.has(before[at]!)) merged.push({ before: before[at]!, after: null });
  };
  for (const op of after) {
    const old = origin.get(op) ?? null;
    if (old) removedUpTo(place.get(old)!);
    merged.push({ before: old, after: op });
  }
  removedUpTo(before.length);
  return merged;
}

/** Whether an operator of both models has other options, constants or types than before. */
function differs(scene: Scene, { before, after }: Pair<Op>): boolean {
  if (!before || !after) return false;
  if (titleOf(before) !== titleOf(after) || before.inputs.length !== after.inputs.length) return true;
  if (JSON.stringify(optionRows(before)) !== JSON.stringify(optionRows(after))) return true;
  const types = ({ outputs }: Op) => outputs.map((value) => value && typeText(value)).join();
  if (types(before) !== types(after)) return true;
  return before.inputs.some((value, i) => {
    const other = after.inputs[i] ?? null;
    if (!value?.isConstant && !other?.isConstant) return (value === null) !== (other === null);
    return !value || !other || scene.numbers.get(value) !== scene.numbers.get(other);
  });
}

function linkInputs(
  scene: Scene,
  makers: Map<number, number>,
  node: SceneNode,
  to: number,
  compared: boolean,
): void {
  const links = (op: Op | null) =>
    (op?.inputs ?? []).flatMap((value) => {
      const tensor = value ? scene.numbers.get(value)! : -1;
      const from = makers.get(tensor);
      return from === undefined ? [] : [{ from, tensor }];
    });
  const { before, after } = node.op;
  const [old, now] = [links(before), links(after)];
  for (const link of now) {
    const kept = !compared || old.some(({ tensor }) => tensor === link.tensor);
    connect(scene, { ...link, to, status: kept ? 'same' : 'added' });
  }
  for (const link of old)
    if (!now.some(({ tensor }) => tensor === link.tensor)) connect(scene, { ...link, to, status: 'removed' });
}

function connect(scene: Scene, link: Link): void {
  scene.nodes[link.to]!.in.push(link);
  scene.nodes[link.from]!.out.push(link);
}

/** What two nodes must have in common to be drawn as copies of each other: all but names and contents. */
export function formOf({ nodes, tensors }: Scene, number: number): string {
  const node = nodes[number]!;
  const text = (value: Value | null) =>
    value === null ? '-' : `${value.isConstant ? 'c' : ''}${value.type} ${shapeText(value)}`;
  const sides = (op: Op | null) =>
    op && [titleOf(op), optionRows(op), op.inputs.map(text), op.outputs.map(text)];
  if (node.kind === 'op') return JSON.stringify([node.status, sides(node.op.before), sides(node.op.after)]);
  const { before, after } = tensors[node.tensor]!;
  return JSON.stringify([node.kind, node.status, text(before), text(after)]);
}
