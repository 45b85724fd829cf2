/**
 * How much of a graph is in each box: operators, tensors, bytes of constants. Everything counts in exactly one box by
 * itself, so the numbers of the boxes within a box, and what lies beside them, add up to the number of the box.
 */
import type { CircleBuffer } from '../circle/index.ts';
import type { Graph, Module } from '../ir/graph/index.ts';
import type { Counts, Row } from './data.ts';
import type { Scene } from './scene.ts';
import type { Block, Tree } from './tree.ts';

const none = (): Counts => ({ operators: 0, tensors: 0, bytes: 0 });

export interface GraphCounts {
  /** What each block holds, at any depth. */
  blocks: Counts[];
  /** Of the whole graph's numbers: tensors that nothing makes or reads, and data that only they have. */
  unused: Counts;
}

/** What is where of one of the models. */
export function countsOf(
  graph: Graph | null,
  side: 'before' | 'after',
  scene: Scene,
  tree: Tree,
): GraphCounts {
  const { blocks, home } = tree;
  const own = blocks.map(none);
  const depths = blocks.map((_, block) => ancestors(blocks, block).length);
  /** The innermost box around both. */
  const around = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      if (depths[x]! >= depths[y]!) x = blocks[x]!.parent!;
      else y = blocks[y]!.parent!;
    }
    return x;
  };
  const place = new Map(scene.nodes.flatMap(({ op }, node) => (op[side] ? [[op[side], home[node]!]] : [])));
  const inputs = new Map(
    scene.nodes.flatMap(({ kind, tensor }, node) => (kind === 'input' ? [[tensor, home[node]!]] : [])),
  );
  for (const op of graph?.ops ?? []) own[place.get(op)!]!.operators++;
  const buffers = new Map<CircleBuffer, number>();
  const [unused, unusedBuffers] = [none(), new Set<CircleBuffer>()];
  const outputs = new Set(graph?.outputs);
  for (const value of graph?.values ?? []) {
    const maker = value.producer ? place.get(value.producer) : inputs.get(scene.numbers.get(value)!);
    // A constant is where it is read; what nothing reads lies beside all boxes.
    const readers = value.users.map((user) => place.get(user)!);
    const block = maker ?? (readers.length > 0 ? readers.reduce(around) : 0);
    own[block]!.tensors++;
    const isUnused = maker === undefined && readers.length === 0 && !outputs.has(value);
    if (isUnused) unused.tensors++;
    if (value.buffer.data === null) continue;
    if (isUnused && !buffers.has(value.buffer)) unusedBuffers.add(value.buffer);
    if (!isUnused) unusedBuffers.delete(value.buffer);
    buffers.set(value.buffer, around(buffers.get(value.buffer) ?? block, block));
  }
  for (const { data } of unusedBuffers) unused.bytes += data!.byteLength;
  for (const [{ data }, block] of buffers) own[block]!.bytes += data!.byteLength;
  const all = blocks.map(none);
  own.forEach((counts, block) => {
    for (const outer of [block, ...ancestors(blocks, block)]) add(all[outer]!, counts);
  });
  return { blocks: all, unused };
}

function ancestors(blocks: readonly Block[], block: number): number[] {
  const found: number[] = [];
  for (let at = blocks[block]!.parent; at !== null; at = blocks[at]!.parent) found.push(at);
  return found;
}

function add(sum: Counts, { operators, tensors, bytes }: Counts): void {
  sum.operators += operators;
  sum.tensors += tensors;
  sum.bytes += bytes;
}

/** Where the bytes of a file are: rows that add up to the last one. */
export function byteRows({ graphs, buffers }: Module): Row[] {
  const readers = new Map<CircleBuffer, Set<Graph>>();
  for (const graph of graphs)
    for (const { buffer } of graph.values)
      readers.set(buffer, (readers.get(buffer) ?? new Set<Graph>()).add(graph));
  const sum = (isIn: (of: ReadonlySet<Graph> | undefined) => boolean) =>
    buffers.reduce(
      (total, buffer) => total + (isIn(readers.get(buffer)) ? (buffer.data?.byteLength ?? 0) : 0),
      0,
    );
  const rows = graphs.map((graph, i): [string, number] => [
    `constants of ${graph.name || `subgraph ${i}`}`,
    sum((of) => of?.size === 1 && of.has(graph)),
  ]);
  const parts: [string, number][] = [
    ...rows,
    ['constants of several graphs', sum((of) => (of?.size ?? 0) > 1)],
    ['metadata and unused data', sum((of) => of === undefined)],
  ];
  const shown = parts.filter(([, bytes]) => bytes > 0);
  const all: [string, number] = ['all data', sum(() => true)];
  return [...(shown.length > 1 ? shown : []), all].map(([label, bytes]) => [
    label,
    `${bytes.toLocaleString('en')} bytes`,
  ]);
}
