/** The plots of the benchmarks' page, as SVG text: drawn here, so that the page needs no script. */
import * as echarts from 'echarts';
import type { HistoryEntry } from '../history.ts';

export interface Series {
  name: string;
  values: readonly (number | null)[];
}

export interface Line {
  name: string;
  points: readonly (readonly [number, number])[];
  /** A bound instead of something measured. */
  dashed?: boolean;
}

const width = 860;
/** Height of a row of the legend, with the gap below, which echarts makes as wide as the one between names. */
const rowHeight = 42;

/** Legible on white and on black alike. */
const colors = [
  ...['#3d85c6', '#e0762f', '#2f9e5f', '#b45fd0', '#d04a4a', '#8f8a1f'],
  ...['#1f9aa5', '#8a6d5a', '#e0559a', '#6b7fe0', '#7aa52a', '#8a8a8a'],
];

/** What is written in the page's own colour; echarts knows no currentColor. */
const ink = '#010203';

/** Rows that a legend takes: a mark, a gap and about 7 pixels a letter for each name. */
export function legendRows(names: readonly string[]): number {
  let [rows, at] = [1, 0];
  for (const name of names) {
    const wide = 60 + 7 * name.length;
    if (at > 0 && at + wide > width) [rows, at] = [rows + 1, 0];
    at += wide;
  }
  return rows;
}

interface Drawing {
  xAxis: object;
  yAxis: object;
  series: readonly { name: string; [key: string]: unknown }[];
}

function draw({ xAxis, yAxis, series }: Drawing, bottom = 45): string {
  const top = 45 + rowHeight * legendRows(series.map(({ name }) => name));
  const size = { width, height: top + 220 + bottom };
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({
      animation: false,
      color: colors,
      backgroundColor: 'transparent',
      textStyle: { color: ink, fontFamily: 'system-ui, sans-serif' },
      grid: { left: 70, right: 70, top, bottom },
      legend: { top: 0, itemGap: rowHeight - 14, textStyle: { color: ink } },
      ...{ xAxis, yAxis, series },
    });
    return chart.renderToSVGString().replaceAll(ink, 'currentColor').replaceAll('rgb(1,2,3)', 'currentColor');
  } finally {
    chart.dispose();
  }
}

function axis(option: Record<string, unknown>): Record<string, unknown> {
  return {
    nameTextStyle: { color: ink },
    axisLabel: { color: ink, hideOverlap: true },
    axisLine: { lineStyle: { color: ink } },
    splitLine: { lineStyle: { color: ink, opacity: 0.15 } },
    ...option,
  };
}

/** More bars in one plot are narrower than the height of a letter, so their values would cover each other. */
const MAX_BARS = 42;

/**
 * One group of bars for each category; logarithmic, because models differ a hundred times. If there are too many bars
 * for one plot, several plots below each other, with the same number of categories each.
 */
export function bars(unit: string, categories: readonly string[], series: readonly Series[]): string {
  const plots = Math.ceil((categories.length * series.length) / MAX_BARS) || 1;
  const size = Math.ceil(categories.length / plots) || 1;
  const starts = Array.from({ length: Math.ceil(categories.length / size) || 1 }, (_, i) => i * size);
  const part = <T>(list: readonly T[], start: number) => list.slice(start, start + size);
  return starts
    .map((start) =>
      plotOfBars(
        unit,
        part(categories, start),
        series.map(({ name, values }) => ({ name, values: part(values, start) })),
      ),
    )
    .join('\n');
}

function plotOfBars(unit: string, categories: readonly string[], series: readonly Series[]): string {
  const many = categories.length > 8;
  const label = { interval: 0, color: ink, rotate: many ? 35 : 0 };
  return draw(
    {
      xAxis: axis({ type: 'category', data: categories, axisLabel: label }),
      yAxis: axis({ type: 'log', name: unit, nameGap: 26 }),
      series: series.map((one) => ({
        name: one.name,
        type: 'bar',
        label: valueLabel(categories.length * series.length),
        data: one.values.map((value) => value ?? '-'),
      })),
    },
    many ? 75 : 45,
  );
}

/** The value above each bar; upright where bars are narrower than their values. */
function valueLabel(bars: number): object {
  const isNarrow = bars > 14;
  return {
    show: true,
    color: ink,
    fontSize: 10,
    formatter: ({ value }: { value: number | string }) => short(Number(value)),
    ...(isNarrow
      ? { rotate: 90, position: 'top', align: 'left', verticalAlign: 'middle', distance: 4 }
      : { position: 'top', distance: 3 }),
  };
}

/** 21332 → 21.3k */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '';
  if (value >= 999.5) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

/** Lines over numbers: how a speed changes with something; both axes logarithmic where sizes differ much. */
export function lines(
  unit: string,
  over: string,
  series: readonly Line[],
  { logarithmic = false, start = 1 }: { logarithmic?: boolean; start?: number } = {},
): string {
  const value = (name: string, more: object) => axis({ type: 'log', name, ...more });
  return draw({
    xAxis: value(over, { nameLocation: 'middle', nameGap: 28, ...reach(series, start) }),
    yAxis: logarithmic ? value(unit, {}) : axis({ type: 'value', name: unit, min: 0 }),
    series: series.map(({ name, points, dashed }) => ({
      name,
      type: 'line',
      symbolSize: 7,
      symbol: dashed ? 'none' : 'circle',
      lineStyle: dashed ? { type: 'dashed', width: 1.5 } : { width: 2 },
      data: points,
    })),
  });
}

/** Where a logarithmic axis begins and ends, so that no line stands in an empty decade. */
function reach(series: readonly Line[], start: number): { min: number; max: number } {
  const all = series.flatMap(({ points }) => points.map(([x]) => x));
  return { min: Math.min(start, ...all), max: Math.max(...all) };
}

/** Ratios of recorded runs, oldest first; the line at 1 is the peer. */
export function ratios(entries: readonly HistoryEntry[], names: readonly string[], key: string): string {
  const ratioOf = (entry: HistoryEntry, name: string) =>
    entry.cells.find((cell) => nameOf(cell) === name)?.overLlamaBench[key] ?? null;
  return draw({
    xAxis: axis({ type: 'category', data: entries.map(({ commit, date }) => `${date}\n${commit}`) }),
    yAxis: axis({ type: 'value', name: '× llama-bench', min: 0 }),
    series: names.map((name) => ({
      name,
      type: 'line',
      connectNulls: true,
      data: entries.map((entry) => ratioOf(entry, name) ?? '-'),
    })),
  });
}

export const threadsOf = (threads: number): string => `${threads} thread${threads > 1 ? 's' : ''}`;

export const nameOf = (cell: { model: string; dtype: string; threads: number }): string =>
  `${cell.model} ${cell.dtype}, ${threadsOf(cell.threads)}`;
