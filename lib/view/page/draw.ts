/** An arrangement as SVG. */
import type { GraphData, Point, Status } from '../data.ts';
import { type Arrangement, type Box, HEADING, type Line } from './arrange.ts';
import { s } from './dom.ts';
import { familyOf } from './families.ts';

export interface Drawing {
  root: SVGGElement;
  boxes: Map<Box, SVGGElement>;
  lines: Map<Line, SVGGElement>;
}

export function draw(graph: GraphData, { boxes, lines }: Arrangement): Drawing {
  const root = s('g');
  const drawing: Drawing = { root, boxes: new Map(), lines: new Map() };
  for (const box of boxes) {
    const element = drawBox(graph, box);
    drawing.boxes.set(box, element);
    // The lines of a block lie over its frame and under its children, so that they end at the children's edges.
    if (box.isOpen) root.append(element);
  }
  for (const line of lines) {
    const element = drawLine(graph, line);
    drawing.lines.set(line, element);
    root.append(element);
  }
  for (const [box, element] of drawing.boxes) if (!box.isOpen) root.append(element);
  return drawing;
}

function statusOf(graph: GraphData, { kind, index }: Box['child']): Status {
  if (kind === 'node') return graph.nodes[index]!.status;
  return kind === 'block' ? graph.blocks[index]!.status : graph.tensors[index]!.status;
}

/** Unique in the page; the graph's element names the selected one by it. */
export function boxId({ child: { kind, index }, block }: Box): string {
  return `${kind}-${index}-in-${block}`;
}

function drawBox(graph: GraphData, box: Box): SVGGElement {
  const { child, x, y, width, height, isOpen } = box;
  const status = statusOf(graph, child);
  const node = child.kind === 'node' ? graph.nodes[child.index]! : null;
  const kind = node ? node.kind : isOpen ? 'frame' : child.kind;
  const [title = '', ...more] = child.title.split('\n');
  const label = [title + more.join(''), ...child.lines].join(', ');
  const group = s('g', {
    id: boxId(box),
    class: `box ${kind} ${status} ${node?.kind === 'op' ? familyOf(node.title) : ''}`,
    transform: `translate(${x} ${y})`,
    role: 'img',
    'aria-label': isOpen ? `${label}, unfolded` : label,
  });
  const fullName = nameOf(graph, child);
  if (fullName !== '') group.append(s('title', {}, fullName));
  const round = kind === 'op' || kind === 'frame' || kind === 'block' ? 6 : 10;
  // A second sheet behind a folded block shows that there is more inside.
  if (kind === 'block') group.append(s('rect', { class: 'sheet', x: 4, y: 4, width, height, rx: round }));
  group.append(s('rect', { class: 'body', width, height, rx: round }));
  if (kind === 'op')
    group.append(s('rect', { class: 'mark', x: 0, y: 5, width: 3, height: height - 10, rx: 1.5 }));
  if (isOpen) {
    const facts = child.kind === 'block' ? graph.blocks[child.index]!.facts.map(([, fact]) => fact) : [];
    const text = [`▾ ${[title, ...more].join('')}`, ...facts].join(' · ');
    group.append(s('rect', { class: 'heading', width, height: HEADING, rx: round }));
    group.append(s('text', { class: 'title', x: width / 2, y: 17.5 }, text));
    return group;
  }
  const baseline = kind === 'port' ? 14 : 17.5;
  const middle = width / 2;
  group.append(
    s('text', { class: 'title', x: middle, y: baseline }, kind === 'block' ? `▸ ${title}` : title),
  );
  more.forEach((line, i) => {
    group.append(s('text', { class: 'title', x: middle, y: baseline + 15 * (i + 1) }, line));
  });
  child.lines.forEach((line, i) => {
    const y = baseline + 15 * (more.length + i + 1) - 1;
    group.append(s('text', { class: 'line', x: middle, y }, line));
  });
  return group;
}

/** The whole name of what a box shows, as its tooltip. */
function nameOf(graph: GraphData, { kind, index }: Box['child']): string {
  if (kind === 'block') return '';
  if (kind === 'port') return graph.tensors[index]!.name;
  const { outputs, inputs, kind: own } = graph.nodes[index]!;
  const tensor = (own === 'output' ? inputs[0] : outputs[0])?.tensor;
  return tensor === null || tensor === undefined ? '' : graph.tensors[tensor]!.name;
}

function drawLine(graph: GraphData, line: Line): SVGGElement {
  const names = line.tensors.map((tensor) => graph.tensors[tensor]!.name);
  const group = s('g', { class: `wire ${line.status}` }, s('title', {}, names.join('\n')));
  const path = pathOf(line.points);
  group.append(s('path', { class: 'hit', d: path }), s('path', { class: 'way', d: path }));
  const [x, y] = line.points.at(-1)!;
  const back = line.points.at(-2)![1] > y ? 5 : -5;
  group.append(s('path', { class: 'tip', d: `M${x} ${y}l-3.2 ${back}h6.4z` }));
  if (line.labelAt) {
    const [lx, ly] = line.labelAt;
    group.append(s('text', { class: 'shape', x: lx, y: ly + 3.5 }, line.label));
  }
  return group;
}

/** Curves that pass every point vertically. */
function pathOf(points: readonly Point[]): string {
  let path = `M${points[0]!.join(' ')}`;
  for (let i = 1; i < points.length; i++) {
    const [[x0, y0], [x1, y1]] = [points[i - 1]!, points[i]!];
    const half = (y0 + y1) / 2;
    path += Math.abs(x0 - x1) < 0.5 ? `L${x1} ${y1}` : `C${x0} ${half} ${x1} ${half} ${x1} ${y1}`;
  }
  return path;
}
