/** Where the children of a block stand: dagre's layered layout, with room for the shapes on the lines. */
import { Graph, layout } from '@dagrejs/dagre';
import type { Layout, LayoutEdge, Point } from './data.ts';
import type { Child, Interior } from './interior.ts';
import { layOutLevels, levelsOf } from './levels.ts';

/** Widths of a character in the page's fixed-width fonts: 0.6 em, and a little more for safety. */
const TITLE_CHAR = 7.5;
const LINE_CHAR = 6.3;
const LINE_HEIGHT = 15;
const MARGIN = 16;
/** Rows that all lines cross together, and the maximum depth: beyond these, dagre takes minutes or overflows the stack. */
const MAX_STEPS = 3000;
const MAX_DEPTH = 300;

export class Layouts {
  readonly list: Layout[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of a block's layout; blocks of one form get the same. */
  add({ children, edges }: Interior): number {
    const boxes = children.map(sizeOf);
    const lines = edges.map(({ from, to, label }) => [from, to, label.length]);
    const form = JSON.stringify([boxes, lines]);
    let number = this.#numbers.get(form);
    if (number === undefined) {
      number = this.list.push(layOut(boxes, edges)) - 1;
      this.#numbers.set(form, number);
    }
    return number;
  }
}

function sizeOf({ kind, title, lines }: Child): { width: number; height: number } {
  const titles = title.split('\n');
  const widths = [
    ...titles.map((line) => line.length * TITLE_CHAR),
    ...lines.map((line) => line.length * LINE_CHAR),
  ];
  const padding = kind === 'block' ? 44 : 24;
  const height = kind === 'port' ? 20 : 26;
  return {
    width: Math.ceil(Math.max(kind === 'port' ? 40 : 72, Math.max(...widths) + padding)),
    height: height + (titles.length - 1 + lines.length) * LINE_HEIGHT,
  };
}

function layOut(
  boxes: { width: number; height: number }[],
  edges: { from: number; to: number; label: string }[],
): Layout {
  const levels = levelsOf(boxes.length, edges);
  const steps = edges.reduce((sum, { from, to }) => sum + Math.abs(levels[to]! - levels[from]!), 0);
  if (steps > MAX_STEPS || levels.some((level) => level > MAX_DEPTH)) {
    const plain = layOutLevels(boxes, edges, levels);
    return framed(plain.boxes, plain.edges);
  }
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 28, edgesep: 14, ranksep: 34 });
  boxes.forEach((box, i) => {
    graph.setNode(String(i), { ...box });
  });
  edges.forEach(({ from, to, label }, i) => {
    const size = label === '' ? {} : { width: label.length * LINE_CHAR + 8, height: 14, labelpos: 'c' };
    graph.setEdge(String(from), String(to), { ...size }, String(i));
  });
  layout(graph);
  return framed(
    boxes.map(({ width, height }, i) => {
      const { x, y } = graph.node(String(i)) as Place;
      return [x, y, width, height];
    }),
    edges.map(({ from, to, label }, i) => {
      const found = graph.edge(String(from), String(to), String(i)) as unknown as Place & { points: Place[] };
      const points = found.points.map(({ x, y }): Point => [x, y]);
      return { from, to, points, label: label === '' ? null : [found.x, found.y] };
    }),
  );
}

interface Place {
  x: number;
  y: number;
}

/** Moves everything into a frame that begins at (0, 0): dagre measures boxes only, and lines may run outside of them. */
function framed(boxes: Layout['boxes'], edges: LayoutEdge[]): Layout {
  const bounds = (axis: 0 | 1) => {
    const inBoxes = boxes.flatMap((box) => [box[axis] - box[axis + 2]! / 2, box[axis] + box[axis + 2]! / 2]);
    const inLines = edges.flatMap(({ points }) => points.map((point) => point[axis]));
    const all = [...inBoxes, ...inLines];
    return all.length === 0
      ? { from: 0, size: 0 }
      : { from: min(all), size: -min(all.map((x) => -x)) - min(all) };
  };
  const [across, down] = [bounds(0), bounds(1)];
  const moved = ([x, y]: Point): Point => [tenths(x - across.from + MARGIN), tenths(y - down.from + MARGIN)];
  return {
    width: tenths(across.size + 2 * MARGIN),
    height: tenths(down.size + 2 * MARGIN),
    boxes: boxes.map(([x, y, width, height]) => [...moved([x, y]), width, height]),
    edges: edges.map(({ from, to, points, label }) => ({
      from,
      to,
      points: points.map(moved),
      label: label && moved(label),
    })),
  };
}

const min = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.min(a, b));
const tenths = (x: number): number => Math.round(x * 10) / 10;
