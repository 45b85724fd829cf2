/** What the side panel shows while nothing is selected: what changed, the graph, its signatures, the file, the keys. */
import type { GraphData, ModelData, SignatureData } from '../data.ts';
import { type Actions, link, section, sectionOfParts, showOperators, table } from './details.ts';
import { h } from './dom.ts';
import { whereOf } from './item.ts';

const KEYS: readonly [keys: string, what: string][] = [
  ['/', 'search'],
  ['↑ ↓ ← →', 'go to a neighbour'],
  ['Enter', 'fold or unfold'],
  ['[ ]', 'fold, unfold all'],
  ['f', 'fit'],
  ['+ −', 'zoom'],
  ['Esc', 'back to this page'],
];

export function showOverview(
  models: readonly ModelData[],
  graph: GraphData,
  actions: Actions,
): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (models.length > 1) parts.push(showChanges(graph, actions));
  parts.push(section('Graph', table(graph.facts)), sectionOfParts(graph, 0, actions));
  for (const signature of graph.signatures) parts.push(showSignature(graph, signature, actions));
  parts.push(section('Operators', showOperators(graph.nodes, models.length, actions)));
  for (const { name, facts } of models) parts.push(section(name, table(facts)));
  parts.push(section('Keys', table(KEYS.map(([keys, what]) => [keys, what]))));
  return parts;
}

function showChanges(graph: GraphData, actions: Actions): HTMLElement {
  const legend = h('p', { class: 'legend' });
  for (const [status, text] of [
    ['removed', '− only before'],
    ['added', '+ only after'],
    ['changed', '~ changed'],
  ] as const)
    legend.append(h('span', { class: `badge ${status}` }, text));
  const { changes } = graph;
  if (changes.length === 0) return section('Changes', h('p', {}, 'No operator differs.'));
  const list = h('ol', { class: 'changes' });
  const titles = new Set(changes.map(({ title }) => title));
  for (const title of titles) {
    // If several layers have the same change, it is listed once, with its places.
    const places = changes.filter((change) => change.title === title);
    const links = places.map(({ nodes }) => {
      const index = nodes.find((node) => graph.nodes[node]!.status !== 'removed') ?? nodes[0]!;
      const item = { kind: 'node', index } as const;
      return { where: whereOf(graph, item) || graph.nodes[index]!.place, go: () => actions.reveal(item) };
    });
    const [first] = links;
    const count = links.length > 1 ? h('b', { class: 'count' }, ` × ${links.length}`) : null;
    const shown = links.map(({ where, go }) => link(where, go));
    list.append(h('li', {}, link(title, first!.go), count, h('div', { class: 'places' }, ...shown)));
  }
  return section(`Changes (${changes.length})`, legend, list);
}

function showSignature(graph: GraphData, { key, status, inputs, outputs }: SignatureData, actions: Actions) {
  const rows = (list: typeof inputs, arrow: string) => {
    const items = h('ul', { class: 'ports' });
    for (const { name, tensor } of list) {
      const { type, shape } = graph.tensors[tensor]!;
      items.append(
        h(
          'li',
          {},
          h('span', { class: 'label' }, arrow),
          link(name, () => actions.reveal({ kind: 'tensor', index: tensor })),
          h('div', { class: 'type' }, `${type} ${shape}`),
        ),
      );
    }
    return items;
  };
  const badge = status === 'same' ? null : h('span', { class: `badge ${status}` }, status);
  return section(`Signature ${key}`, badge, rows(inputs, 'in'), rows(outputs, 'out'));
}
