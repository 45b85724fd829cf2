/** Something of a graph that can be selected. */
import type { ChildData, GraphData } from '../data.ts';

export interface Item {
  kind: 'node' | 'block' | 'tensor';
  /** Number of the node, block or tensor. */
  index: number;
}

export function itemOf({ kind, index }: ChildData): Item {
  return { kind: kind === 'port' ? 'tensor' : kind, index };
}

export function isSame(a: Item | null, b: Item | null): boolean {
  return a?.kind === b?.kind && a?.index === b?.index;
}

/** The blocks around something, from the innermost out, without the graph itself. */
export function blocksAround(graph: GraphData, item: Item): number[] {
  const start = item.kind === 'block' ? graph.blocks[item.index]!.parent : homeOf(graph, item);
  const around: number[] = [];
  for (let block = start; block !== null; block = graph.blocks[block]!.parent) around.push(block);
  return around.slice(0, -1);
}

/** Where something lies, in words: layer 3 › attention. Stacks are left out, because layer 3 says enough. */
export function whereOf(graph: GraphData, item: Item): string {
  const blocks = blocksAround(graph, item).map((block) => graph.blocks[block]!);
  const titles = blocks.filter(({ isStack }) => !isStack).map(({ title }) => title);
  return titles.reverse().join(' › ');
}

function homeOf(graph: GraphData, { kind, index }: Item): number {
  if (kind === 'node') return graph.nodes[index]!.block;
  const node = graph.nodes[makerOf(graph, index) ?? readersOf(graph, index)[0] ?? -1];
  return node?.block ?? 0;
}

/** The node that makes a tensor: an operator, or an input of the graph. */
export function makerOf(graph: GraphData, tensor: number): number | undefined {
  const found = graph.nodes.findIndex(({ outputs, before }) =>
    [...outputs, ...(before?.outputs ?? [])].some((port) => port.tensor === tensor),
  );
  return found === -1 ? undefined : found;
}

/** The nodes that read a tensor. */
export function readersOf(graph: GraphData, tensor: number): number[] {
  return graph.nodes.flatMap(({ inputs, before }, i) =>
    [...inputs, ...(before?.inputs ?? [])].some((port) => port.tensor === tensor) ? [i] : [],
  );
}
