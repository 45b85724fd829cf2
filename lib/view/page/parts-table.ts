/** The parts of a block as a table. */
import type { Counts } from '../data.ts';
import { bytesText } from '../words.ts';
import { h } from './dom.ts';
import { type Part, perModel } from './parts.ts';

/** @param name makes the first cell of a row */
export function showParts(parts: readonly Part[], name: (part: Part) => Node | string): HTMLElement {
  const cell = ({ counts }: Part, text: (counts: Counts) => string, title = text) => {
    const texts = counts.map(text);
    const [first, second] = texts;
    const content =
      texts.length === 1 || first === second
        ? [first]
        : [h('div', { class: 'note' }, first), h('div', {}, `→ ${second}`)];
    return h('td', { title: perModel(counts.map(title)) }, ...content);
  };
  const rows = parts.map((part, i) =>
    h(
      'tr',
      { class: i === parts.length - 1 && i > 0 ? 'sum' : null },
      h('th', { scope: 'row' }, name(part)),
      cell(part, ({ operators }) => operators.toLocaleString('en')),
      cell(part, ({ tensors }) => tensors.toLocaleString('en')),
      cell(
        part,
        ({ bytes }) => bytesText(bytes),
        ({ bytes }) => `${bytes.toLocaleString('en')} bytes`,
      ),
    ),
  );
  const heads = ['', 'operators', 'tensors', 'constants'].map((text) => h('th', { scope: 'col' }, text));
  return h('table', { class: 'parts' }, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...rows));
}
