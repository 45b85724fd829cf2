/** The search field and the list of what it finds. */
import type { GraphData } from '../data.ts';
import { SIGNS } from '../signs.ts';
import { h } from './dom.ts';
import { search, searchTexts } from './find.ts';
import type { GraphView } from './graph-view.ts';
import { whereOf } from './item.ts';

/** Nobody reads longer lists; all hits are marked in the graph. */
const LISTED = 100;

export class SearchBox {
  readonly element: HTMLElement;
  readonly #input = h('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search: name, operator, 1×16  ( / )',
    autocomplete: 'off',
    spellcheck: 'false',
    role: 'combobox',
    'aria-expanded': 'false',
    'aria-controls': 'found',
    'aria-label': 'Search by name, operator or shape',
  });
  readonly #list = h('ul', { id: 'found', role: 'listbox', hidden: true });
  readonly #texts = new Map<GraphData, string[]>();
  #view: GraphView | null = null;
  #hits: number[] = [];
  #current = -1;

  constructor() {
    this.element = h('div', { class: 'search', role: 'search' }, this.#input, this.#list);
    this.#input.addEventListener('input', () => this.#update());
    this.#input.addEventListener('focus', () => this.#open(this.#hits.length > 0));
    this.element.addEventListener('focusout', (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.#open(false);
    });
    this.#input.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Searches in another graph from now on. */
  attach(view: GraphView): void {
    this.#view?.setHits(new Set());
    this.#view = view;
    this.#update();
    this.#open(false);
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  set(text: string): void {
    this.#input.value = text;
    this.focus();
    this.#update();
  }

  #update(): void {
    const view = this.#view;
    if (!view) return;
    const { graph } = view;
    const texts = this.#texts.get(graph) ?? searchTexts(graph);
    this.#texts.set(graph, texts);
    this.#hits = search(texts, this.#input.value);
    this.#current = -1;
    view.setHits(new Set(this.#hits));
    const rows = this.#hits.slice(0, LISTED).map((hit, i) => this.#row(graph, hit, i));
    const count = this.#hits.length === 0 ? 'nothing found' : `${this.#hits.length} found`;
    this.#list.replaceChildren(h('li', { class: 'note', role: 'presentation' }, count), ...rows);
    this.#open(this.#input.value.trim() !== '');
  }

  #row(graph: GraphData, hit: number, i: number): HTMLElement {
    const { title, kind, status, outputs, inputs } = graph.nodes[hit]!;
    const tensor = (outputs[0] ?? inputs[0])?.tensor;
    const { name, shape } = graph.tensors[tensor ?? -1] ?? { name: '', shape: '' };
    const where = whereOf(graph, { kind: 'node', index: hit });
    const row = h(
      'li',
      { role: 'option', id: `found-${i}`, 'aria-selected': 'false' },
      h('b', { class: status }, `${SIGNS[status]}${kind === 'op' ? title : kind}`),
      h('span', { class: 'type' }, shape),
      h('span', { class: 'note' }, where),
      h('div', { class: 'name' }, name),
    );
    // On pointerdown rather than on click: by then the field would have lost focus, which closes the list.
    row.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      this.#go(i);
    });
    return row;
  }

  #key(event: KeyboardEvent): void {
    const last = Math.min(this.#hits.length, LISTED) - 1;
    if (event.key === 'ArrowDown' || (event.key === 'Enter' && !event.shiftKey))
      this.#go(this.#current >= last ? 0 : this.#current + 1);
    else if (event.key === 'ArrowUp' || event.key === 'Enter')
      this.#go(this.#current <= 0 ? last : this.#current - 1);
    else if (event.key === 'Escape') {
      this.#input.value = '';
      this.#update();
      this.#view?.element.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #go(i: number): void {
    const hit = this.#hits[i];
    if (hit === undefined) return;
    this.#current = i;
    for (const row of this.#list.querySelectorAll('[role=option]'))
      row.setAttribute('aria-selected', String(row.id === `found-${i}`));
    const row = document.getElementById(`found-${i}`);
    row?.scrollIntoView({ block: 'nearest' });
    this.#input.setAttribute('aria-activedescendant', `found-${i}`);
    this.#view?.reveal({ kind: 'node', index: hit });
  }

  #open(isOpen: boolean): void {
    this.#list.hidden = !isOpen;
    this.#input.setAttribute('aria-expanded', String(isOpen));
  }
}
