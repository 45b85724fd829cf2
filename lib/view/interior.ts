/** What is drawn inside each block: its children, and the lines between them. */
import { childOf, shapeChange, shownValue } from './boxes.ts';
import type { ChildKind, Counts, Status } from './data.ts';
import { shortName } from './describe.ts';
import type { Link, Scene } from './scene.ts';
import type { Tree } from './tree.ts';
import { pack } from './words.ts';

export interface Child {
  kind: ChildKind;
  /** Number of the node, block or tensor. */
  index: number;
  /** May have line breaks. */
  title: string;
  lines: string[];
  shared: number[];
}

export interface Edge {
  /** Numbers of children. */
  from: number;
  to: number;
  /** One tensor, or all tensors of a bundle. */
  tensors: number[];
  status: Status;
  /** The tensor's shape, on its first line only. */
  label: string;
}

export interface Interior {
  children: Child[];
  edges: Edge[];
}

/** If more boxes of a kind read a tensor, they name it, and no lines are drawn to them. */
const MAX_LINES = 4;
/** If there are more lines between two boxes, one line stands for all. */
const MAX_PARALLEL = 6;

/**
 * The interior of every block, in the order of the tree.
 * @param counts what each block holds, of each model
 */
export function interiorsOf(scene: Scene, tree: Tree, counts: readonly Counts[][]): Interior[] {
  const numbers = tree.blocks.map(() => new Map<string, number>());
  const interiors = tree.blocks.map((): Interior => ({ children: [], edges: [] }));
  const child = (block: number, kind: ChildKind, index: number): number => {
    const key = `${kind} ${index}`;
    let number = numbers[block]!.get(key);
    if (number === undefined) {
      number = interiors[block]!.children.push(childOf(scene, tree, counts, kind, index)) - 1;
      numbers[block]!.set(key, number);
    }
    return number;
  };
  const paths = scene.nodes.map((_, node) => pathOf(tree, node));
  // Sources come first, because the layout starts from this order.
  for (const node of tree.order)
    paths[node]!.forEach((block, depth) => {
      const inner = paths[node]![depth + 1];
      if (inner === undefined) child(block, 'node', node);
      else child(block, 'block', inner);
    });
  const drawn = new Set<string>();
  for (const node of tree.order)
    for (const link of scene.nodes[node]!.in) {
      const [from, to] = [paths[link.from]!, paths[link.to]!];
      for (const block of new Set([...from, ...to])) {
        const a = endOf(child, block, from, link.from, link);
        const b = endOf(child, block, to, link.to, link);
        const key = `${block} ${a} ${b} ${link.tensor} ${link.status}`;
        if (a === b || drawn.has(key)) continue;
        drawn.add(key);
        interiors[block]!.edges.push({
          from: a,
          to: b,
          tensors: [link.tensor],
          status: link.status,
          label: '',
        });
      }
    }
  for (const interior of interiors) {
    nameShared(scene, interior);
    bundle(interior);
    labelEdges(scene, interior);
  }
  return interiors;
}

/** Blocks from the outermost in. */
function pathOf(tree: Tree, node: number): number[] {
  const path: number[] = [];
  for (let block: number | null = tree.home[node]!; block !== null; block = tree.blocks[block]!.parent)
    path.unshift(block);
  return path;
}

/** The child of a block that holds one end of a link; a port when it ends outside. */
function endOf(
  child: (block: number, kind: ChildKind, index: number) => number,
  block: number,
  path: readonly number[],
  node: number,
  link: Link,
): number {
  const depth = path.indexOf(block);
  if (depth === -1) return child(block, 'port', link.tensor);
  const inner = path[depth + 1];
  return inner === undefined ? child(block, 'node', node) : child(block, 'block', inner);
}

function nameShared(scene: Scene, interior: Interior): void {
  const { children } = interior;
  // Layers and operators are counted apart, so that one operator that reads the mask too keeps its line.
  const groupOf = (tensor: number, to: number) => `${tensor} ${children[to]!.kind}`;
  const readers = new Map<string, Set<number>>();
  for (const {
    tensors: [tensor],
    to,
  } of interior.edges) {
    const group = groupOf(tensor!, to);
    readers.set(group, (readers.get(group) ?? new Set<number>()).add(to));
  }
  interior.edges = interior.edges.filter(({ tensors: [tensor], from, to }) => {
    const count = readers.get(groupOf(tensor!, to))!.size;
    if (count <= MAX_LINES) return true;
    const reader = children[to]!;
    if (!reader.shared.includes(tensor!)) reader.shared.push(tensor!);
    const note = `read in ${count} places`;
    if (!children[from]!.lines.includes(note)) children[from]!.lines.push(note);
    return false;
  });
  for (const { shared, lines } of children)
    if (shared.length > 0) {
      const names = shared.map((tensor) => shortName(shownValue(scene, tensor).name));
      lines.push(...pack(names.map((name, i) => (i === 0 ? `← ${name}` : name))));
    }
}

function bundle(interior: Interior): void {
  const parallel = new Map<string, Edge[]>();
  for (const edge of interior.edges) {
    const key = `${edge.from} ${edge.to} ${edge.status}`;
    const list = parallel.get(key);
    if (list) list.push(edge);
    else parallel.set(key, [edge]);
  }
  interior.edges = [...parallel.values()].flatMap((list) =>
    list.length <= MAX_PARALLEL ? list : [{ ...list[0]!, tensors: list.flatMap(({ tensors }) => tensors) }],
  );
}

function labelEdges(scene: Scene, { edges }: Interior): void {
  const labelled = new Set<number>();
  for (const edge of edges) {
    const [tensor, ...others] = edge.tensors;
    if (others.length > 0) edge.label = `${edge.tensors.length} tensors`;
    else if (!labelled.has(tensor!)) edge.label = shapeChange(scene, tensor!);
    labelled.add(tensor!);
  }
}
