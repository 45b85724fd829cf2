/** Which part of the graph is visible: drag or scroll moves it, Ctrl + wheel or a pinch zooms. */
import type { Box } from './arrange.ts';

const [MIN_SCALE, MAX_SCALE] = [0.05, 3];
const MARGIN = 24;
/** Fitting enlarges a small graph no further. */
const MAX_FIT = 1.1;
/** Below this scale text cannot be read, so a tall graph is shown from its top instead. */
const MIN_FIT = 0.55;
/** A press that moves fewer pixels is a click. */
const CLICK = 4;

export class Camera {
  #x = 0;
  #y = 0;
  #scale = 1;
  #size = { width: 0, height: 0 };
  readonly #view: SVGSVGElement;
  readonly #world: SVGGElement;

  constructor(
    view: SVGSVGElement,
    world: SVGGElement,
    onClick: (target: Element, isDouble: boolean) => void,
  ) {
    this.#view = view;
    this.#world = world;
    view.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.#listenToPointers(onClick);
  }

  /** The size of what is drawn. */
  setSize(width: number, height: number): void {
    this.#size = { width, height };
  }

  /** Shows the whole graph, or its top where the whole would be too small to read. */
  fit(): void {
    const { width, height } = this.#view.getBoundingClientRect();
    const across = (width - 2 * MARGIN) / this.#size.width;
    const down = (height - 2 * MARGIN) / this.#size.height;
    this.#scale = Math.max(MIN_SCALE, Math.min(MAX_FIT, across, Math.max(MIN_FIT, down)));
    this.#x = (width - this.#size.width * this.#scale) / 2;
    this.#y = Math.max(MARGIN / 2, (height - this.#size.height * this.#scale) / 2);
    this.#apply();
  }

  zoom(factor: number, at?: { x: number; y: number }): void {
    const { width, height } = this.#view.getBoundingClientRect();
    const { x, y } = at ?? { x: width / 2, y: height / 2 };
    const scale = Math.max(MIN_SCALE, Math.min(MAX_SCALE, this.#scale * factor));
    this.#x = x - ((x - this.#x) * scale) / this.#scale;
    this.#y = y - ((y - this.#y) * scale) / this.#scale;
    this.#scale = scale;
    this.#apply();
  }

  move(dx: number, dy: number): void {
    this.#x += dx;
    this.#y += dy;
    this.#apply();
  }

  /** Brings a box into view; if it is larger than the view, its top. */
  show({ x, y, width, height }: Box): void {
    const view = this.#view.getBoundingClientRect();
    if (this.#scale < MIN_FIT) this.#scale = MIN_FIT;
    const fits = height * this.#scale < view.height - 2 * MARGIN;
    this.#x = view.width / 2 - (x + width / 2) * this.#scale;
    this.#y = fits ? view.height / 2 - (y + height / 2) * this.#scale : MARGIN - y * this.#scale;
    this.#apply();
  }

  /** Moves as little as needed for a box to be in view. */
  keep({ x, y, width, height }: Box): void {
    const view = this.#view.getBoundingClientRect();
    const left = this.#x + x * this.#scale;
    const top = this.#y + y * this.#scale;
    this.move(
      correction(left, left + width * this.#scale, view.width),
      correction(top, top + height * this.#scale, view.height),
    );
  }

  /** After boxes have moved: moves along with this one, so that it stays under the pointer. */
  holding(before: Box, after: Box): void {
    this.move(
      (before.x + before.width / 2 - after.x - after.width / 2) * this.#scale,
      (before.y - after.y) * this.#scale,
    );
  }

  #apply(): void {
    this.#world.setAttribute('transform', `translate(${this.#x} ${this.#y}) scale(${this.#scale})`);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    if (!event.ctrlKey && !event.metaKey) {
      const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      this.move(-dx * unit, -dy * unit);
      return;
    }
    const { left, top } = this.#view.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY * unit * 0.004), { x: event.clientX - left, y: event.clientY - top });
  }

  #listenToPointers(onClick: (target: Element, isDouble: boolean) => void): void {
    const view = this.#view;
    const down = new Map<number, { x: number; y: number }>();
    let moved = 0;
    let pressed: Element | null = null;
    view.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      if (down.size === 0) [moved, pressed] = [0, event.target as Element];
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      view.setPointerCapture(event.pointerId);
    });
    view.addEventListener('pointermove', (event) => {
      const last = down.get(event.pointerId);
      if (!last) return;
      const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
      moved += Math.abs(dx) + Math.abs(dy);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other) this.#pinch(last, { x: event.clientX, y: event.clientY }, other);
      else if (moved > CLICK) this.move(dx, dy);
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    const up = (event: PointerEvent) => {
      down.delete(event.pointerId);
    };
    view.addEventListener('pointerup', up);
    view.addEventListener('pointercancel', up);
    view.addEventListener('click', (event) => {
      if (moved <= CLICK && pressed) onClick(pressed, event.detail === 2);
    });
  }

  #pinch(
    from: { x: number; y: number },
    to: { x: number; y: number },
    other: { x: number; y: number },
  ): void {
    const { left, top } = this.#view.getBoundingClientRect();
    const apart = (p: { x: number; y: number }) => Math.hypot(p.x - other.x, p.y - other.y);
    if (apart(from) > 0) this.zoom(apart(to) / apart(from), { x: other.x - left, y: other.y - top });
  }
}

function correction(from: number, to: number, size: number): number {
  if (from < MARGIN) return MARGIN - from;
  return to > size - MARGIN ? Math.max(MARGIN - from, size - MARGIN - to) : 0;
}
