/** What the side panel shows for the selected operator, tensor or block. */
import type { GraphData, NodeData, PortData, Row } from '../data.ts';
import { SIGNS } from '../signs.ts';
import { showConstant } from './constant.ts';
import { h, s } from './dom.ts';
import { type Item, makerOf, readersOf, whereOf } from './item.ts';
import { partsOf, perModel } from './parts.ts';
import { showParts } from './parts-table.ts';

export interface Actions {
  reveal(item: Item): void;
  toggle(block: number): void;
  isUnfolded(block: number): boolean;
  search(text: string): void;
}

export function showDetails(graph: GraphData, item: Item, actions: Actions): HTMLElement[] {
  if (item.kind === 'node') return showNode(graph, item.index, actions);
  return item.kind === 'block'
    ? showBlock(graph, item.index, actions)
    : showTensor(graph, item.index, actions);
}

export function table(rows: readonly Row[]): HTMLElement {
  const list = h('dl', {});
  for (const [label, text] of rows) list.append(h('dt', {}, label), h('dd', {}, text));
  return list;
}

export function section(title: string, ...content: (Node | string | null)[]): HTMLElement {
  return h('section', {}, h('h3', {}, title), ...content);
}

/** A name that leads to what it names. */
export function link(text: string, go: () => void, status = 'same'): HTMLButtonElement {
  return h(
    'button',
    { class: `link ${status}`, type: 'button', click: go },
    text === '' ? '(unnamed)' : text,
  );
}

function showNode(graph: GraphData, number: number, actions: Actions): HTMLElement[] {
  const node = graph.nodes[number]!;
  const where = whereOf(graph, { kind: 'node', index: number });
  const parts = [heading(node, node.kind === 'op' ? where : `${node.kind} of the graph`)];
  if (node.before) {
    parts.push(h('p', { class: 'note' }, 'The two models differ here: before, then after.'));
    parts.push(
      ...showSide(graph, node.before, actions, 'before'),
      ...showSide(graph, node, actions, 'after'),
    );
  } else parts.push(...showSide(graph, node, actions, ''));
  return parts;
}

function heading({ title, status, place }: NodeData, kind: string): HTMLElement {
  const badge = status === 'same' ? null : h('span', { class: `badge ${status}` }, status);
  return h(
    'header',
    {},
    h('h2', {}, title),
    badge,
    h('div', { class: 'note' }, [kind, place].filter(Boolean).join(', ')),
  );
}

type Side = Pick<NodeData, 'options' | 'inputs' | 'outputs'>;

function showSide(graph: GraphData, { options, inputs, outputs }: Side, actions: Actions, when: string) {
  const title = (text: string) => (when === '' ? text : `${text} ${when}`);
  const parts: HTMLElement[] = [];
  if (options.length > 0) parts.push(section(title('Options'), table(options)));
  if (inputs.length > 0) parts.push(section(title('Inputs'), showPorts(graph, inputs, actions)));
  if (outputs.length > 0) parts.push(section(title('Outputs'), showPorts(graph, outputs, actions)));
  return parts;
}

function showPorts(graph: GraphData, ports: readonly PortData[], actions: Actions): HTMLElement {
  const list = h('ul', { class: 'ports' });
  for (const { label, tensor } of ports) {
    const row = h('li', {}, h('span', { class: 'label' }, label));
    if (tensor === null) row.append(h('span', { class: 'note' }, 'left out'));
    else {
      const { name, type, shape, constant, status, before } = graph.tensors[tensor]!;
      row.append(
        link(name, () => actions.reveal({ kind: 'tensor', index: tensor }), status),
        h('div', { class: 'type' }, before ? `${before} → ${type} ${shape}` : `${type} ${shape}`),
      );
      if (constant) row.append(showConstant(constant));
    }
    list.append(row);
  }
  return list;
}

function showTensor(graph: GraphData, number: number, actions: Actions): HTMLElement[] {
  const { name, type, shape, facts, constant, status, before } = graph.tensors[number]!;
  const badge = status === 'same' ? null : h('span', { class: `badge ${status}` }, status);
  const parts = [
    h('header', {}, h('h2', { class: 'name' }, name === '' ? '(unnamed)' : name), badge),
    h('div', { class: 'type' }, before ? `${before} → ${type} ${shape}` : `${type} ${shape}`),
  ];
  if (facts.length > 0) parts.push(section('Quantization', table(facts)));
  if (constant) parts.push(section('Constant', showConstant(constant)));
  const nodes = (list: readonly number[]) => {
    const items = h('ul', { class: 'ports' });
    for (const index of list) {
      const { title, kind, place, status: own } = graph.nodes[index]!;
      const text = `${SIGNS[own]}${kind === 'op' ? title : kind}`;
      const go = () => actions.reveal({ kind: 'node', index });
      items.append(h('li', {}, link(text, go, own), h('span', { class: 'note' }, ` ${place}`)));
    }
    return items;
  };
  const maker = makerOf(graph, number);
  if (maker !== undefined) parts.push(section('Made by', nodes([maker])));
  const readers = readersOf(graph, number);
  if (readers.length > 0) parts.push(section(`Read by ${readers.length}`, nodes(readers)));
  return parts;
}

function showBlock(graph: GraphData, number: number, actions: Actions): HTMLElement[] {
  const { title, status } = graph.blocks[number]!;
  const badge = status === 'same' ? null : h('span', { class: `badge ${status}` }, status);
  const nodes = graph.nodes.filter(({ block }) => isWithin(graph, block, number));
  return [
    h('header', {}, h('h2', {}, title), badge),
    h(
      'button',
      { type: 'button', class: 'wide', click: () => actions.toggle(number) },
      actions.isUnfolded(number) ? 'Fold' : 'Unfold',
    ),
    sectionOfParts(graph, number, actions),
    section('Operators', showOperators(nodes, graph.blocks[0]!.counts.length, actions)),
  ];
}

/** What a block consists of, in numbers that add up. */
export function sectionOfParts(graph: GraphData, number: number, actions: Actions): HTMLElement {
  const parts = showParts(partsOf(graph, number), ({ title, block }) =>
    block === null ? title : link(title, () => actions.reveal({ kind: 'block', index: block })),
  );
  return section('Parts', parts);
}

function isWithin(graph: GraphData, block: number, outer: number): boolean {
  for (let at: number | null = block; at !== null; at = graph.blocks[at]!.parent)
    if (at === outer) return true;
  return false;
}

/** A bar over the given part of the full width. */
function showShare(part: number): Element {
  const width = part === 0 ? 0 : Math.max(1, 70 * part);
  return s(
    'svg',
    { class: 'share', viewBox: '0 0 70 6', 'aria-hidden': 'true' },
    s('rect', { width, height: 6, rx: 2 }),
  );
}

/** How often each operator occurs, in each of the models; a click searches for it. */
export function showOperators(nodes: readonly NodeData[], models: number, actions: Actions): HTMLElement {
  const counts = new Map<string, { before: number; after: number }>();
  for (const { kind, title, status } of nodes) {
    if (kind !== 'op') continue;
    const count = counts.get(title) ?? { before: 0, after: 0 };
    if (status !== 'added') count.before++;
    if (status !== 'removed') count.after++;
    counts.set(title, count);
  }
  const list = h('ul', { class: 'counts' });
  const max = (name: string) => Math.max(counts.get(name)!.before, counts.get(name)!.after);
  const names = [...counts.keys()].sort((a, b) => max(b) - max(a) || (a < b ? -1 : 1));
  for (const name of names) {
    const { before, after } = counts.get(name)!;
    const shown = (models > 1 ? [before, after] : [after]).map((n) => n.toLocaleString('en'));
    list.append(
      h(
        'li',
        {},
        link(name, () => actions.search(name)),
        h('span', { class: 'count' }, perModel(shown)),
        showShare(after / max(names[0]!)),
      ),
    );
  }
  return list;
}
