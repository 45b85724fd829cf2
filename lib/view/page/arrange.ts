/** Where everything is drawn, given which blocks are unfolded. Pure: it does not touch the page. */
import type { BlockData, ChildData, GraphData, Layout, Point, Status } from '../data.ts';
import { type Grown, type Stretch, stretchOf } from './stretch.ts';

/** A child of a block, where it is drawn. Coordinates are absolute; x and y are of its upper left corner. */
export interface Box {
  child: ChildData;
  /** The block that it is drawn in. */
  block: number;
  x: number;
  y: number;
  width: number;
  height: number;
  /** An unfolded block: its children lie inside. */
  isOpen: boolean;
}

export interface Line {
  tensors: readonly number[];
  status: Status;
  label: string;
  labelAt: Point | null;
  points: Point[];
  from: Box;
  to: Box;
}

export interface Arrangement {
  width: number;
  height: number;
  /** Outer boxes before those inside them. */
  boxes: Box[];
  lines: Line[];
}

/** Height of an unfolded block's heading. */
export const HEADING = 26;
/** Lines end at least so far from a box's corner. */
const CORNER = 10;

interface Measured {
  width: number;
  height: number;
  x: Stretch;
  y: Stretch;
  sizes: [width: number, height: number][];
}

export function arrange(
  graph: GraphData,
  layouts: readonly Layout[],
  unfolded: ReadonlySet<number>,
): Arrangement {
  const measured = new Map<number, Measured>();
  const measure = (number: number): Measured => {
    const block = graph.blocks[number]!;
    const layout = layouts[block.layout]!;
    const sizes = block.children.map((child, i): [number, number] => {
      const [, , width, height] = layout.boxes[i]!;
      if (!isOpen(child, unfolded)) return [width, height];
      const inner = measure(child.index);
      return [Math.max(width, inner.width), Math.max(height, inner.height + HEADING)];
    });
    const grown = (axis: 0 | 1): Grown[] =>
      layout.boxes.map((box, i) => {
        const [middle, size] = [box[axis], box[axis + 2]!];
        return { from: middle - size / 2, to: middle + size / 2, size: sizes[i]![axis] };
      });
    const [x, y] = [stretchOf(grown(0)), stretchOf(grown(1))];
    const result = { width: x(layout.width), height: y(layout.height), x, y, sizes };
    measured.set(number, result);
    return result;
  };

  const boxes: Box[] = [];
  const lines: Line[] = [];
  const place = (number: number, left: number, top: number): void => {
    const block = graph.blocks[number]!;
    const layout = layouts[block.layout]!;
    const { x, y, sizes } = measured.get(number)!;
    const own = block.children.map((child, i): Box => {
      const [cx, cy] = layout.boxes[i]!;
      const [width, height] = sizes[i]!;
      const box = {
        child,
        block: number,
        x: left + x(cx) - width / 2,
        y: top + y(cy) - height / 2,
        width,
        height,
        isOpen: isOpen(child, unfolded),
      };
      boxes.push(box);
      if (box.isOpen) {
        const inner = measured.get(child.index)!;
        place(child.index, box.x + (width - inner.width) / 2, box.y + HEADING);
      }
      return box;
    });
    const at = ([px, py]: Point): Point => [left + x(px), top + y(py)];
    lines.push(...linesOf(block, layout, own, at));
  };
  const { width, height } = measure(0);
  place(0, 0, 0);
  return { width, height, boxes, lines };
}

function isOpen({ kind, index }: ChildData, unfolded: ReadonlySet<number>): boolean {
  return kind === 'block' && unfolded.has(index);
}

function linesOf(block: BlockData, layout: Layout, boxes: Box[], at: (point: Point) => Point): Line[] {
  return layout.edges.map((edge, i) => {
    const { tensors, status, label } = block.edges[i]!;
    const [from, to] = [boxes[edge.from]!, boxes[edge.to]!];
    const inner = edge.points.slice(1, -1).map(at);
    // Only a cycle, which a broken file or the union of two models can have, makes a line go up.
    const isUp = to.y < from.y;
    const start = attach(from, inner[0] ?? middleOf(to), isUp ? 'top' : 'bottom');
    const end = attach(to, inner.at(-1) ?? middleOf(from), isUp ? 'bottom' : 'top');
    const labelAt = edge.label && at(edge.label);
    return { tensors, status, label, labelAt, points: [start, ...inner, end], from, to };
  });
}

/** The point on a box's edge from which a line goes straightest. */
function attach({ x, y, width, height }: Box, [toward]: Point, side: 'top' | 'bottom'): Point {
  const at = Math.max(x + CORNER, Math.min(x + width - CORNER, toward));
  return [at, side === 'top' ? y : y + height];
}

function middleOf({ x, y, width, height }: Box): Point {
  return [x + width / 2, y + height / 2];
}
