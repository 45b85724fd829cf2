/** The page's script: reads the data block and puts the page together. */
import type { PageData } from '../data.ts';
import { type Actions, showDetails } from './details.ts';
import { h } from './dom.ts';
import { GraphView } from './graph-view.ts';
import type { Item } from './item.ts';
import { handleKeys } from './keys.ts';
import { showOverview } from './overview.ts';
import { SearchBox } from './search-box.ts';

const data = JSON.parse(document.getElementById('data')!.textContent) as PageData;
const views = new Map<number, GraphView>();
const stage = h('main', {});
const panel = h('aside', { id: 'panel', 'aria-label': 'Details', 'aria-live': 'polite' });
const search = new SearchBox();
const tabs = data.graphs.map(({ title, status }, i) =>
  h('button', { type: 'button', role: 'tab', class: status, click: () => open(i) }, title),
);
let view: GraphView | null = null;

const actions: Actions = {
  reveal: (item) => view?.reveal(item),
  toggle: (block) => view?.toggle(block),
  isUnfolded: (block) => view?.isUnfolded(block) ?? false,
  search: (text) => search.set(text),
};

/** Shows a graph; the others keep their state. */
function open(number: number): void {
  const graph = data.graphs[number]!;
  const isNew = !views.has(number);
  view = views.get(number) ?? new GraphView(graph, data.layouts, show);
  views.set(number, view);
  stage.replaceChildren(view.element);
  tabs.forEach((tab, i) => {
    tab.setAttribute('aria-selected', String(i === number));
  });
  if (isNew) view.camera.fit();
  search.attach(view);
  show(view.selected);
}

function show(item: Item | null): void {
  if (!view) return;
  const back = h('button', { type: 'button', class: 'link', click: () => view?.select(null) }, '← overview');
  const content = item
    ? [back, ...showDetails(view.graph, item, actions)]
    : showOverview(data.models, view.graph, actions);
  panel.replaceChildren(...content);
  panel.scrollTop = 0;
}

function button(text: string, label: string, click: () => void): HTMLButtonElement {
  return h('button', { type: 'button', title: label, 'aria-label': label, click }, text);
}

function switchTheme(): void {
  const { dataset } = document.documentElement;
  const isDark = dataset.theme
    ? dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  dataset.theme = isDark ? 'light' : 'dark';
}

const bar = h(
  'header',
  { class: 'bar' },
  h('h1', {}, data.title),
  tabs.length > 1 ? h('div', { role: 'tablist', 'aria-label': 'Graphs' }, ...tabs) : null,
  search.element,
  h(
    'div',
    { class: 'tools' },
    button('Unfold all', 'Unfold all ( ] )', () => view?.unfoldAll()),
    button('Fold all', 'Fold all ( [ )', () => view?.foldAll()),
    button('−', 'Zoom out ( − )', () => view?.camera.zoom(0.8)),
    button('+', 'Zoom in ( + )', () => view?.camera.zoom(1.25)),
    button('Fit', 'Fit ( f )', () => view?.camera.fit()),
    button('◐', 'Dark or light', switchTheme),
  ),
);
document.body.append(bar, stage, panel);
if (data.graphs.length > 0) open(0);
else panel.append(h('p', {}, 'This model has no graph.'));
handleKeys(
  () => view,
  () => search.focus(),
);
