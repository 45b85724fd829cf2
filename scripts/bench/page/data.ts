/** What the page's plots are drawn of: plain data from the files in .bench, no drawing. */
import type { Limit } from '../../limits.ts';
import type { Row } from '../results.ts';
import type { Throughput } from '../throughput.ts';
import type { Line, Series } from './charts.ts';

export const three = (value: number): number => Number(value.toPrecision(3));

/** Tokens/s of decoding: the longest run there is. */
export function decodeOf(figures: Record<string, number>): number | null {
  return figures.tg128 ?? figures.tg64 ?? figures.tg32 ?? null;
}

/** The dtype, and how else the row's weights and cache were kept. */
function formOf({ dtype, screen, wide, kv }: Throughput): string {
  const others = { screened: screen, wide, 'f16 cache': kv === 'f16' };
  return [dtype, ...Object.entries(others).flatMap(([name, is]) => (is ? [name] : []))].join(', ');
}

const cellOf = (row: Throughput): string => `${row.model} ${formOf(row)}`;

/** A group for each model, a bar for each dtype (apart: screened, wide, with an f16 cache): decoding, or a prompt of 128 tokens. */
export function byModel(
  rows: readonly Throughput[],
  threads: number,
  figure: (row: Throughput) => number | null,
): { models: string[]; series: Series[] } {
  const some = rows.filter((row) => row.threads === threads);
  const models = [...new Set(some.map(({ model }) => model))];
  const kinds = [...new Set(some.map(formOf))];
  const value = (model: string, kind: string) => {
    const row = some.find((one) => one.model === model && formOf(one) === kind);
    return row === undefined ? null : figure(row);
  };
  return {
    models,
    series: kinds.map((name) => ({ name, values: models.map((model) => value(model, name)) })),
  };
}

/** One line for each model and dtype, over the number of threads, as multiples of one thread. */
export function overThreads(rows: readonly Throughput[]): Line[] {
  return [...new Set(rows.map(cellOf))].flatMap((name) => {
    const some = rows.filter((row) => cellOf(row) === name).toSorted((a, b) => a.threads - b.threads);
    const one = some.find(({ threads }) => threads === 1);
    const base = one && decodeOf(one.tokensPerSecond);
    if (!base) return [];
    const points = some.map((row) => [row.threads, three(decodeOf(row.tokensPerSecond)! / base)] as const);
    return points.length > 1 ? [{ name, points }] : [];
  });
}

/** The smallest working set measured that holds the bytes, or the largest there is: GB/s at which it is read. */
export function readingSpeed(limits: readonly Limit[], bytes: number, threads: number): number | null {
  const reads = limits
    .filter((row) => row.limit === 'read')
    .filter((row) => row.threads === threads)
    .toSorted((a, b) => a.bytes - b.bytes);
  return (reads.find((row) => row.bytes >= bytes) ?? reads.at(-1))?.gbps ?? null;
}

export interface Bound {
  cell: string;
  threads: number;
  'MB a token': number;
  'GB/s reached': number;
  'GB/s of the machine': number;
  'tokens/s': number;
  'bound, tokens/s': number;
  '% of the bound': number;
}

/** What a decoded token has to read, at the speed at which this machine reads that much, over the time it takes. */
export function roofline(rows: readonly Throughput[], limits: readonly Limit[]): Bound[] {
  return rows.flatMap((row): Bound[] => {
    const { bytesPerToken: bytes, threads } = row;
    const speed = decodeOf(row.tokensPerSecond);
    const gbps = readingSpeed(limits, bytes, threads);
    if (speed === null || gbps === null) return [];
    const bound = (gbps * 1e9) / bytes;
    return [
      {
        ...{ cell: cellOf(row), threads },
        'MB a token': three(bytes / 1e6),
        'GB/s reached': three((speed * bytes) / 1e9),
        'GB/s of the machine': gbps,
        'tokens/s': three(speed),
        'bound, tokens/s': three(bound),
        '% of the bound': Math.round((100 * speed) / bound),
      },
    ];
  });
}

/** Reached and possible GB/s over the bytes that a token reads. */
export function rooflineLines(
  rows: readonly Throughput[],
  limits: readonly Limit[],
  threads: number,
): Line[] {
  const some = rows.filter((row) => row.threads === threads);
  const reached = [...new Set(some.map(formOf))].map((name) => ({
    name,
    points: roofline(
      some.filter((row) => formOf(row) === name).toSorted((a, b) => a.bytesPerToken - b.bytesPerToken),
      limits,
    ).map((row) => [row['MB a token'], row['GB/s reached']] as const),
  }));
  const roof = limits
    .filter((row) => row.limit === 'read')
    .filter((row) => row.threads === threads && row.bytes >= 2 ** 20)
    .map((row) => [three(row.bytes / 1e6), row.gbps] as const);
  return [{ name: 'the machine', points: roof, dashed: true }, ...reached].filter(
    ({ points }) => points.length > 0,
  );
}

/** Decoding over the size of a model, one line a dtype. */
export function overSize(rows: readonly Throughput[], threads: number): Line[] {
  const some = rows.filter((row) => row.threads === threads && decodeOf(row.tokensPerSecond) !== null);
  return [...new Set(some.map(formOf))].map((name) => ({
    name,
    points: some
      .filter((row) => formOf(row) === name)
      .toSorted((a, b) => a.bytesPerToken - b.bytesPerToken)
      .map((row) => [three(row.bytesPerToken / 1e6), decodeOf(row.tokensPerSecond)!] as const),
  }));
}

/** One line for each kind of row and each of its columns in `names`, over `axis`. */
export function curves(
  rows: readonly Row[],
  axis: string,
  names: Record<string, string>,
  kindOf: (row: Row) => string,
): Line[] {
  const kinds = [...new Set(rows.map(kindOf))];
  const all = kinds.flatMap((kind) =>
    Object.entries(names).map(([key, name]) => ({
      name: `${kind} ${name}`.trim(),
      points: rows
        .filter((row) => kindOf(row) === kind && row[key] !== undefined)
        .map((row) => [Number(row[axis]), Number(row[key])] as const),
    })),
  );
  return all.filter(({ points }) => points.length > 0);
}
