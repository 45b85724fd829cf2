/** The plots of the benchmarks' page, as SVG text: drawn here, so that the page needs no script. */
import * as echarts from 'echarts';
import type { HistoryEntry } from '../history.ts';

export interface Series {
  name: string;
  values: readonly (number | null)[];
}

const size = { width: 860, height: 340 };

function draw(option: echarts.EChartsCoreOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({
      animation: false,
      grid: { left: 70, right: 20, top: 50, bottom: 45 },
      legend: { top: 5 },
      ...option,
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

const values = (series: Series) => series.values.map((value) => value ?? '-');

/** One group of bars for each category; logarithmic, for models differ a hundred times. */
export function bars(unit: string, categories: readonly string[], series: readonly Series[]): string {
  return draw({
    xAxis: { type: 'category', data: categories, axisLabel: { interval: 0 } },
    yAxis: { type: 'log', name: unit },
    series: series.map((one) => ({ name: one.name, type: 'bar', data: values(one) })),
  });
}

/** Lines over numbers: how a cost grows. */
export function lines(
  unit: string,
  axis: string,
  series: readonly { name: string; points: readonly (readonly [number, number])[] }[],
): string {
  return draw({
    xAxis: { type: 'log', name: axis, nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'value', name: unit },
    series: series.map(({ name, points }) => ({ name, type: 'line', data: points })),
  });
}

/** Ratios of recorded runs, oldest first; the line at 1 is the peer. */
export function ratios(entries: readonly HistoryEntry[], names: readonly string[], key: string): string {
  const ratioOf = (entry: HistoryEntry, name: string) =>
    entry.cells.find((cell) => nameOf(cell) === name)?.overLlamaBench[key] ?? null;
  return draw({
    xAxis: { type: 'category', data: entries.map(({ commit, date }) => `${date}\n${commit}`) },
    yAxis: { type: 'value', name: '× llama-bench', min: 0 },
    series: names.map((name) => ({
      name,
      type: 'line',
      connectNulls: true,
      data: entries.map((entry) => ratioOf(entry, name) ?? '-'),
    })),
  });
}

export const nameOf = (cell: { model: string; dtype: string; threads: number }): string =>
  `${cell.model} ${cell.dtype}, ${cell.threads} thread${cell.threads > 1 ? 's' : ''}`;
