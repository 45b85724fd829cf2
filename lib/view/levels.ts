/** A plain layout for graphs that take dagre too long: one row for each step away from the sources. */
import type { Layout, Point } from './data.ts';
import { topological } from './repeat.ts';

const [ACROSS, DOWN] = [28, 44];

interface Wire {
  from: number;
  to: number;
  label: string;
}

/** How many steps each box is away from the sources; lines that close a cycle do not count. */
export function levelsOf(count: number, edges: readonly Wire[]): number[] {
  const sources = Array.from({ length: count }, (): number[] => []);
  for (const { from, to } of edges) sources[to]!.push(from);
  const order = topological({ sources });
  const place = new Map(order.map((box, i) => [box, i]));
  const levels = new Array<number>(count).fill(0);
  for (const box of order)
    for (const source of sources[box]!)
      if (place.get(source)! < place.get(box)!) levels[box] = Math.max(levels[box]!, levels[source]! + 1);
  return levels;
}

/** Boxes and lines; the caller moves them into a frame. */
export function layOutLevels(
  boxes: readonly { width: number; height: number }[],
  edges: readonly Wire[],
  levels: readonly number[],
): Pick<Layout, 'boxes' | 'edges'> {
  const rows: number[][] = [];
  levels.forEach((level, box) => {
    rows[level] ??= [];
    rows[level].push(box);
  });
  const places: Layout['boxes'] = [];
  let top = 0;
  for (const row of rows) {
    const width = row.reduce((sum, box) => sum + boxes[box]!.width + ACROSS, -ACROSS);
    const height = row.reduce((max, box) => Math.max(max, boxes[box]!.height), 0);
    let left = -width / 2;
    for (const box of row) {
      const size = boxes[box]!;
      places[box] = [left + size.width / 2, top + height / 2, size.width, size.height];
      left += size.width + ACROSS;
    }
    top += height + DOWN;
  }
  return {
    boxes: places,
    edges: edges.map(({ from, to, label }) => {
      const [[x0, y0, , h0], [x1, y1, , h1]] = [places[from]!, places[to]!];
      const points: Point[] = [
        [x0, y0 + h0 / 2],
        [x1, y1 - h1 / 2],
      ];
      return { from, to, points, label: label === '' ? null : [(x0 + x1) / 2, (y0 + y1) / 2] };
    }),
  };
}
