/** A constant in a few numbers and a histogram. */
import type { ConstantData, Statistics } from '../data.ts';
import { h, s } from './dom.ts';

const [WIDTH, HEIGHT] = [260, 56];

export function showConstant({ bytes, values, statistics }: ConstantData): HTMLElement {
  const box = h('div', { class: 'constant' });
  if (values !== undefined) box.append(h('div', { class: 'values' }, values));
  const isFew = statistics !== undefined && statistics.count <= 2;
  if (statistics && !isFew) box.append(...showStatistics(statistics));
  box.append(h('div', { class: 'note' }, `${bytes.toLocaleString('en')} bytes`));
  return box;
}

function showStatistics({ count, nonFinite, zeros, min, max, mean, std, histogram }: Statistics): Element[] {
  const rows: [string, string][] = [
    ['elements', count.toLocaleString('en')],
    ['min', short(min)],
    ['max', short(max)],
    ['mean', short(mean)],
    ['std', short(std)],
  ];
  if (zeros > 0) rows.push(['zeros', zeros.toLocaleString('en')]);
  if (nonFinite > 0) rows.push(['NaN or infinite', nonFinite.toLocaleString('en')]);
  const list = h('dl', { class: 'numbers' });
  for (const [label, text] of rows) list.append(h('dt', {}, label), h('dd', {}, text));
  return histogram.length > 1 ? [list, showHistogram(histogram, min, max)] : [list];
}

function short(x: number): string {
  return String(Number(x.toPrecision(4)));
}

function showHistogram(counts: readonly number[], min: number, max: number): Element {
  const largest = Math.max(...counts);
  const step = WIDTH / counts.length;
  const bars = counts.map((n, i) => {
    const height = n === 0 ? 0 : Math.max(1, (n / largest) * HEIGHT);
    return s('rect', { x: i * step, y: HEIGHT - height, width: step - 1, height }, s('title', {}, String(n)));
  });
  return h(
    'figure',
    {},
    s(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'histogram', role: 'img', 'aria-label': 'distribution' },
      ...bars,
    ),
    h('figcaption', {}, h('span', {}, short(min)), h('span', {}, short(max))),
  );
}
