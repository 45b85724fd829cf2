/**
 * Cuts a block that is too large for one drawing into parts. In an order in which sources come before their users, any
 * run of operators can become one box, because such a box never lies on a cycle.
 */
import { topological } from './repeat.ts';
import type { Tree } from './tree.ts';

/** Maximum number of boxes in one drawing, and how many a part gets. */
const LIMIT = 240;
const PART = 100;

interface Unit {
  /** A node, or the number of a block. */
  node: number | null;
  block: number | null;
  nodes: number[];
}

/** @param sources for each node, those that it reads */
export function splitLarge(tree: Tree, sources: readonly (readonly number[])[]): void {
  // The list grows while it is gone through: a part of a very large graph may have to be cut again.
  for (let block = 0; block < tree.blocks.length; block++) {
    const units = unitsOf(tree, block);
    if (units.length > LIMIT) split(tree, block, inOrder(units, sources));
  }
}

function unitsOf({ blocks, home }: Tree, outer: number): Unit[] {
  const units: Unit[] = blocks.flatMap(({ parent, nodes }, block) =>
    parent === outer ? [{ node: null, block, nodes }] : [],
  );
  for (const node of blocks[outer]!.nodes)
    if (home[node] === outer) units.push({ node, block: null, nodes: [node] });
  return units;
}

function inOrder(units: readonly Unit[], sources: readonly (readonly number[])[]): Unit[] {
  const owner = new Map<number, number>();
  units.forEach(({ nodes }, i) => {
    for (const node of nodes) owner.set(node, i);
  });
  const between = units.map(({ nodes }, i) => {
    const read = nodes.flatMap((node) => sources[node]!.map((source) => owner.get(source) ?? i));
    return [...new Set(read)].filter((unit) => unit !== i);
  });
  return topological({ sources: between }).map((i) => units[i]!);
}

function split(tree: Tree, outer: number, units: readonly Unit[]): void {
  // At most PART parts: each of them is cut again when it is too large itself.
  const size = Math.max(PART, Math.ceil(units.length / PART));
  for (let from = 0; from < units.length; from += size) {
    const members = units.slice(from, from + size);
    const title = `part ${from / size + 1}`;
    const nodes = members.flatMap((unit) => unit.nodes).sort((a, b) => a - b);
    const part = tree.blocks.push({ title, status: 'same', isStack: false, parent: outer, nodes }) - 1;
    for (const { node, block } of members) {
      if (node !== null) tree.home[node] = part;
      if (block !== null) tree.blocks[block]!.parent = part;
    }
  }
}
