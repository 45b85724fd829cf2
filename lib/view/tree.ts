/**
 * The boxes that a graph is folded into: layers, which repeat, and the stack of them; operators that a filter removed or
 * added; attention and norms, which the matchers of `ir` find. A box never lies on a cycle, and boxes nest: they never
 * overlap in part.
 */
import { BuiltinOperator } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import type { Graph, Op } from '../ir/graph/index.ts';
import { findAttention, matchRmsNorm } from '../ir/match/index.ts';
import type { Status } from './data.ts';
import { splitLarge } from './parts.ts';
import { findRepeats, isConvex, type RepeatInput, topological } from './repeat.ts';
import { formOf, type Scene } from './scene.ts';
import { type Copy, stacksOf } from './stack.ts';

export interface Block {
  title: string;
  status: Status;
  parent: number | null;
  /** Holds copies of one layer and nothing else. */
  isStack: boolean;
  /** Every node in it, at any depth, in the scene's order. */
  nodes: number[];
}

export interface Tree {
  /** The first holds the whole graph. */
  blocks: Block[];
  /** The innermost block of each node. */
  home: number[];
  /** Nodes in an order in which sources come before their users. */
  order: number[];
}

/** Fewer operators than this are shown as they are. */
const MIN_GROUP = 3;

export function treeOf(scene: Scene, before: Graph | null, after: Graph | null): Tree {
  const { nodes } = scene;
  const sources = nodes.map((node) => node.in.map(({ from }) => from));
  const users = nodes.map((node) => node.out.map(({ to }) => to));
  const order = topological({ sources });
  const rank = new Map(order.map((node, i) => [node, i]));
  const blocks: Block[] = [];
  const home = new Array<number>(nodes.length).fill(0);
  const add = (
    title: string,
    parent: number | null,
    members: readonly number[],
    rest: Partial<Block> = {},
  ) => {
    const sorted = members.toSorted((a, b) => a - b);
    for (const node of sorted) home[node] = blocks.length;
    return blocks.push({ title, status: 'same', isStack: false, parent, nodes: sorted, ...rest }) - 1;
  };
  add('', null, [...nodes.keys()]);

  const copies = copiesOf(scene, { forms: formNumbers(scene), sources, users }, rank);
  const stacked = new Map<Copy, number>();
  for (const { title, copies: inside } of stacksOf(copies, users)) {
    const all = inside.flatMap((copy) => copy.nodes);
    const stack = add(title, 0, all, { isStack: true });
    for (const copy of inside) stacked.set(copy, stack);
  }
  for (const copy of copies) add(`${copy.name} ${copy.number}`, stacked.get(copy) ?? 0, copy.nodes);
  const known = [
    ...unlessBroken(() => attentionGroups(scene, before, after)),
    ...unlessBroken(() => normGroups(scene, after ?? before)),
  ];
  for (const { title, members } of [...changedGroups(scene, home, known), ...known]) {
    const [parent, ...others] = new Set(members.map((node) => home[node]!));
    const [status, ...mixed] = new Set(members.map((node) => nodes[node]!.status));
    if (members.length < MIN_GROUP || others.length > 0 || blocks[parent!]!.status !== 'same') continue;
    const isPlain = status === 'same' || status === 'changed' || mixed.length > 0;
    if (isConvex({ users }, members)) add(title, parent!, members, isPlain ? {} : { status: status! });
  }
  const tree = { blocks, home, order };
  splitLarge(tree, sources);
  return tree;
}

/** The repeats of a graph, in the order of the data; a layer is what has attention. */
function copiesOf(scene: Scene, graph: RepeatInput, rank: ReadonlyMap<number, number>): Copy[] {
  const start = (copy: readonly number[]) =>
    copy.reduce((min, node) => Math.min(min, rank.get(node)!), Infinity);
  const counts = new Map<string, number>();
  return findRepeats(graph)
    .flat()
    .map((nodes) => ({ nodes, at: start(nodes) }))
    .sort((a, b) => a.at - b.at)
    .map(({ nodes }) => {
      const name = nodes.some((node) => isAttention(scene, node)) ? 'layer' : 'block';
      const number = counts.get(name) ?? 0;
      counts.set(name, number + 1);
      return { nodes, name, number };
    });
}

interface Group {
  title: string;
  members: number[];
}

function formNumbers(scene: Scene): number[] {
  const numbers = new Map<string, number>();
  return scene.nodes.map((_, i) => {
    const form = formOf(scene, i);
    const number = numbers.get(form) ?? numbers.size;
    numbers.set(form, number);
    return number;
  });
}

function isAttention({ nodes }: Scene, node: number): boolean {
  const { before, after } = nodes[node]!.op;
  const code = (after ?? before)?.code;
  return code === BuiltinOperator.SOFTMAX || code === BuiltinOperator.ATTENTION;
}

function nodeNumbers({ nodes }: Scene): Map<Op, number> {
  const numbers = new Map<Op, number>();
  nodes.forEach(({ op }, i) => {
    if (op.before) numbers.set(op.before, i);
    if (op.after) numbers.set(op.after, i);
  });
  return numbers;
}

/** The matchers refuse some broken files (constants too short, …); a page shows those too, without these boxes. */
function unlessBroken(find: () => Group[]): Group[] {
  try {
    return find();
  } catch (error) {
    if (error instanceof GgmaError) return [];
    throw error;
  }
}

function attentionGroups(scene: Scene, ...graphs: (Graph | null)[]): Group[] {
  const numbers = nodeNumbers(scene);
  return graphs.flatMap((graph) =>
    (graph === null ? [] : findAttention(graph)).flatMap((found) =>
      found.ok ? [{ title: 'attention', members: [...found.value.ops].map((op) => numbers.get(op)!) }] : [],
    ),
  );
}

/** Every RMS norm, the longest form of each. */
function normGroups(scene: Scene, graph: Graph | null): Group[] {
  const numbers = nodeNumbers(scene);
  const groups: Group[] = [];
  const seen = new Set<Op>();
  for (const op of (graph?.ops ?? []).toReversed()) {
    const norm = op.output && !seen.has(op) ? matchRmsNorm(op.output) : undefined;
    if (!norm || norm.ops.some((part) => seen.has(part))) continue;
    for (const part of norm.ops) seen.add(part);
    groups.push({ title: 'RMS norm', members: norm.ops.map((part) => numbers.get(part)!) });
  }
  return groups;
}

/** Connected operators within one block that only one of the two models has. */
function changedGroups(scene: Scene, home: readonly number[], known: readonly Group[]): Group[] {
  const seen = new Set<number>();
  const groups: Group[] = [];
  scene.nodes.forEach(({ status }, start) => {
    if ((status !== 'removed' && status !== 'added') || seen.has(start)) return;
    const members = [start];
    seen.add(start);
    for (const node of members) {
      const { in: ins, out: outs } = scene.nodes[node]!;
      for (const next of [...ins.map(({ from }) => from), ...outs.map(({ to }) => to)])
        if (!seen.has(next) && scene.nodes[next]!.status === status && home[next] === home[start]) {
          seen.add(next);
          members.push(next);
        }
    }
    const name = known.find(
      ({ members: part }) => 2 * part.length > members.length && part.every((n) => members.includes(n)),
    );
    groups.push({ title: name?.title ?? `${status} operators`, members });
  });
  return groups;
}
