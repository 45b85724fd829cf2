/** One graph on the screen: which blocks are unfolded, what is selected, what a search has found. */
import type { GraphData, Layout } from '../data.ts';
import { type Arrangement, arrange, type Box, type Line } from './arrange.ts';
import { Camera } from './camera.ts';
import { s } from './dom.ts';
import { boxId, type Drawing, draw } from './draw.ts';
import { blocksAround, type Item, isSame, itemOf, readersOf } from './item.ts';

/** A graph of at most so many nodes opens unfolded. */
const SMALL = 40;

export class GraphView {
  readonly graph: GraphData;
  readonly element: SVGSVGElement;
  readonly camera: Camera;
  readonly #layouts: readonly Layout[];
  readonly #world = s('g');
  readonly #unfolded = new Set<number>();
  readonly #onSelect: (item: Item | null) => void;
  #selected: Item | null = null;
  #hits: ReadonlySet<number> = new Set();
  #arrangement: Arrangement = { width: 0, height: 0, boxes: [], lines: [] };
  #drawing: Drawing = { root: s('g'), boxes: new Map(), lines: new Map() };

  constructor(graph: GraphData, layouts: readonly Layout[], onSelect: (item: Item | null) => void) {
    this.graph = graph;
    this.#layouts = layouts;
    this.#onSelect = onSelect;
    this.element = s('svg', { class: 'view', tabindex: 0, role: 'application', 'aria-label': graph.title });
    this.element.append(this.#world);
    this.camera = new Camera(this.element, this.#world, (target, isDouble) => this.#click(target, isDouble));
    if (graph.nodes.length <= SMALL) for (const block of graph.blocks.keys()) this.#unfolded.add(block);
    this.#render();
  }

  get selected(): Item | null {
    return this.#selected;
  }

  isUnfolded(block: number): boolean {
    return this.#unfolded.has(block);
  }

  toggle(block: number): void {
    const before = this.#boxOf({ kind: 'block', index: block });
    if (!this.#unfolded.delete(block)) this.#unfolded.add(block);
    this.#render();
    const after = this.#boxOf({ kind: 'block', index: block });
    if (before && after) this.camera.holding(before, after);
    this.select({ kind: 'block', index: block });
  }

  unfoldAll(): void {
    for (const block of this.graph.blocks.keys()) this.#unfolded.add(block);
    this.#render();
    this.camera.fit();
  }

  foldAll(): void {
    this.#unfolded.clear();
    this.#render();
    this.camera.fit();
  }

  select(item: Item | null): void {
    this.#selected = item;
    this.#mark();
    this.#onSelect(item);
  }

  /** Unfolds the blocks around something, selects it and brings it into view. */
  reveal(item: Item): void {
    const closed = blocksAround(this.graph, item).filter((block) => !this.#unfolded.has(block));
    for (const block of closed) this.#unfolded.add(block);
    if (closed.length > 0) this.#render();
    this.select(item);
    const box = this.#boxOf(item) ?? this.#lineOf(item)?.from ?? this.#readerOf(item);
    if (box) this.camera.show(box);
  }

  /** Marks the nodes that a search has found, and the folded blocks that they lie in. */
  setHits(hits: ReadonlySet<number>): void {
    this.#hits = hits;
    this.#mark();
  }

  /** Selects a neighbour of the selected box: along a line up or down, or the nearest box beside it. */
  step(direction: 'up' | 'down' | 'left' | 'right'): void {
    const from = this.#selected && this.#boxOf(this.#selected);
    const next = from ? this.#neighbour(from, direction) : this.#arrangement.boxes[0];
    if (!next) return;
    this.select(itemOf(next.child));
    this.camera.keep(next);
  }

  #neighbour(from: Box, direction: 'up' | 'down' | 'left' | 'right'): Box | undefined {
    const { boxes, lines } = this.#arrangement;
    if (direction === 'down') return lines.find((line) => line.from === from)?.to;
    if (direction === 'up') return lines.find((line) => line.to === from)?.from;
    const middle = (box: Box) => box.y + box.height / 2;
    const ahead = (box: Box) => (direction === 'left' ? from.x - box.x : box.x - from.x);
    const beside = boxes.filter(
      (box) => box.block === from.block && ahead(box) > 0 && Math.abs(middle(box) - middle(from)) < 60,
    );
    return beside.sort((a, b) => ahead(a) - ahead(b))[0];
  }

  #render(): void {
    this.#arrangement = arrange(this.graph, this.#layouts, this.#unfolded);
    this.#drawing = draw(this.graph, this.#arrangement);
    this.#world.replaceChildren(this.#drawing.root);
    this.camera.setSize(this.#arrangement.width, this.#arrangement.height);
    this.#mark();
  }

  #mark(): void {
    const selected = this.#selected;
    const box = selected && this.#boxOf(selected);
    for (const [candidate, element] of this.#drawing.boxes) {
      element.classList.toggle('selected', candidate === box);
      element.classList.toggle('hit', this.#isHit(candidate));
    }
    for (const [line, element] of this.#drawing.lines)
      element.classList.toggle(
        'selected',
        selected?.kind === 'tensor'
          ? line.tensors.includes(selected.index)
          : line.from === box || line.to === box,
      );
    if (box) this.element.setAttribute('aria-activedescendant', boxId(box));
    else this.element.removeAttribute('aria-activedescendant');
  }

  #isHit({ child, isOpen }: Box): boolean {
    if (this.#hits.size === 0 || isOpen) return false;
    if (child.kind === 'node') return this.#hits.has(child.index);
    if (child.kind === 'port') return false;
    return [...this.#hits].some((node) =>
      blocksAround(this.graph, { kind: 'node', index: node }).includes(child.index),
    );
  }

  #boxOf(item: Item): Box | undefined {
    return this.#arrangement.boxes.find(({ child }) => isSame(itemOf(child), item));
  }

  #lineOf({ kind, index }: Item) {
    return kind === 'tensor'
      ? this.#arrangement.lines.find(({ tensors }) => tensors.includes(index))
      : undefined;
  }

  /** A constant has no box of its own, so the box of its first reader stands for it. */
  #readerOf({ kind, index }: Item): Box | undefined {
    const [reader] = kind === 'tensor' ? readersOf(this.graph, index) : [];
    return reader === undefined ? undefined : this.#boxOf({ kind: 'node', index: reader });
  }

  #click(target: Element, isDouble: boolean): void {
    const line = find(this.#drawing.lines, target.closest('.wire'));
    const box = find(this.#drawing.boxes, target.closest('.box'));
    const item = line ? ofLine(line) : box ? itemOf(box.child) : null;
    const isHeading = target.closest('.heading, .title') !== null;
    if (box && item?.kind === 'block' && (!box.isOpen || isHeading)) {
      // The second click of a double click would fold what the first one has unfolded.
      if (!isDouble) this.toggle(item.index);
    } else this.select(item);
  }
}

/** The tensor of a line; for a bundle of tensors, the box that they come from. */
function ofLine({ tensors, from }: Line): Item {
  return tensors.length === 1 ? { kind: 'tensor', index: tensors[0]! } : itemOf(from.child);
}

function find<T>(drawn: ReadonlyMap<T, Element>, element: Element | null): T | undefined {
  if (!element) return undefined;
  for (const [thing, candidate] of drawn) if (candidate === element) return thing;
  return undefined;
}
