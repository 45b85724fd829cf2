/** Keyboard commands; they work wherever the focus is, except in the search field. */
import type { GraphView } from './graph-view.ts';

const ARROWS: Readonly<Record<string, 'up' | 'down' | 'left' | 'right'>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

export function handleKeys(current: () => GraphView | null, search: () => void): void {
  document.addEventListener('keydown', (event) => {
    const view = current();
    const { target, key } = event;
    if (!view || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof HTMLInputElement) return;
    // On a button, Enter and the space bar press it.
    if (target instanceof HTMLButtonElement && (key === 'Enter' || key === ' ')) return;
    if (act(view, key, search)) event.preventDefault();
  });
}

function act(view: GraphView, key: string, search: () => void): boolean {
  const arrow = ARROWS[key];
  if (arrow) view.step(arrow);
  else if (key === '/') search();
  else if (key === 'f') view.camera.fit();
  else if (key === '+' || key === '=') view.camera.zoom(1.25);
  else if (key === '-') view.camera.zoom(0.8);
  else if (key === ']') view.unfoldAll();
  else if (key === '[') view.foldAll();
  else if (key === 'Escape') view.select(null);
  else if (key === 'Enter' || key === ' ') {
    const selected = view.selected;
    if (selected?.kind !== 'block') return false;
    view.toggle(selected.index);
  } else return false;
  return true;
}
