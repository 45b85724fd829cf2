/**
 * The benchmarks' page: `tsx scripts/bench/page.ts` makes .bench/index.html of what the benchmarks left in .bench and
 * of bench/history.jsonl. A section whose benchmark has not run says so.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Limit } from '../limits.ts';
import { readHistory } from './history.ts';
import { bytesPerToken } from './models.ts';
import { bars, lines, nameOf, ratios } from './page/charts.ts';
import { escapeHtml, page, type Row, table } from './page/html.ts';
import type { PeersFile } from './peers.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

function read<T>(name: string): T | null {
  const file = path.join(root, '.bench', name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : null;
}

const three = (value: number): number => Number(value.toPrecision(3));

function section(title: string, command: string, parts: readonly string[] | null): string {
  const body = parts === null ? ['<p>Not measured yet.</p>'] : parts;
  return `<h2>${escapeHtml(title)}</h2>\n<p><code>${escapeHtml(command)}</code></p>\n${body.join('\n')}`;
}

/** Decode of every cell beside the peers, and the ratios. */
function speeds(file: PeersFile | null): string {
  const command = 'npm run bench:peers -- PEERS_DIR';
  if (file === null || file.cells.length === 0) return section('Beside the peers', command, null);
  const { cells } = file;
  const names = [...new Set(cells.flatMap(({ tokensPerSecond }) => Object.keys(tokensPerSecond)))];
  const decode = (cell: (typeof cells)[number], name: string) => {
    const figures = cell.tokensPerSecond[name] ?? {};
    return figures.tg128 ?? figures.tg32 ?? null;
  };
  const one = cells.filter(({ threads }) => threads === 1);
  const chart = bars(
    'decode, tokens/s, 1 thread',
    one.map(({ model, dtype }) => `${model} ${dtype}`),
    names.map((name) => ({ name, values: one.map((cell) => decode(cell, name)) })),
  );
  const rows = cells.map((cell): Row => {
    const row: Row = { cell: nameOf(cell), isa: cell.isa, load: cell.load };
    for (const [key, value] of Object.entries(cell.tokensPerSecond.ggma!)) row[key] = three(value);
    for (const [key, value] of Object.entries(cell.overLlamaBench))
      row[`${key} × llama-bench`] = three(value);
    for (const [key, [ratio]] of Object.entries(cell.overBestNodePeer))
      row[`${key} × best Node peer`] = three(ratio);
    return row;
  });
  const versions = Object.entries(file.versions).map(([name, version]) => `${name} ${version}`);
  const said = `<p>${escapeHtml(`${versions.join(', ')}; llama.cpp built with ${file.llamaCpp}`)}</p>`;
  return section('Beside the peers', command, [chart, said, table(rows)]);
}

/** What a decoded token has to read, at the speed at which this machine reads that much, over the time it takes. */
function roofline(file: PeersFile | null, limits: readonly Limit[] | null): string {
  const command = 'tsx scripts/limits.ts; npm run bench:peers -- PEERS_DIR';
  if (file === null || limits === null) return section('Roofline of decoding', command, null);
  const rows = file.cells.flatMap((cell): Row[] => {
    const speed = cell.tokensPerSecond.ggma?.tg128 ?? cell.tokensPerSecond.ggma?.tg32;
    const bytes = bytesPerToken(cell.model, cell.dtype);
    const reads = limits.filter((row) => row.limit === 'read' && row.threads === cell.threads);
    // The smallest working set measured that holds the weights, or the largest there is.
    const fits = reads.find((row) => row.limit === 'read' && row.bytes >= bytes) ?? reads.at(-1);
    if (speed === undefined || fits?.limit !== 'read') return [];
    const bound = (fits.gbps * 1e9) / bytes;
    return [
      {
        cell: nameOf(cell),
        'MB a token': three(bytes / 1e6),
        'GB/s reached': three((speed * bytes) / 1e9),
        'GB/s of the machine': fits.gbps,
        'tokens/s': three(speed),
        'bound, tokens/s': three(bound),
        '% of the bound': Math.round((100 * speed) / bound),
      },
    ];
  });
  return section('Roofline of decoding', command, [table(rows)]);
}

interface Table {
  rows: Record<string, number | string>[];
}

/** One line for each kind of run, over `axis`. */
function curve(
  title: string,
  command: string,
  file: Table | null,
  axis: string,
  names: Record<string, string>,
  of: (row: Record<string, number | string>) => string = () => '',
): string {
  if (file === null || file.rows.length === 0) return section(title, command, null);
  const kinds = [...new Set(file.rows.map(of))];
  const series = kinds.flatMap((kind) =>
    Object.entries(names).map(([key, name]) => ({
      name: `${kind} ${name}`.trim(),
      points: file.rows
        .filter((row) => of(row) === kind && row[key] !== undefined)
        .map((row) => [Number(row[axis]), Number(row[key])] as const),
    })),
  );
  return section(title, command, [
    lines(
      'tokens/s',
      axis,
      series.filter(({ points }) => points.length > 0),
    ),
    table(file.rows),
  ]);
}

function history(): string {
  const entries = readHistory();
  const command = 'npm run bench:peers -- PEERS_DIR --record';
  if (entries.length === 0) return section('Over time', command, null);
  const names = [...new Set(entries.flatMap(({ cells }) => cells.map(nameOf)))];
  const decode = ratios(
    entries,
    names.filter((name) => name.includes('1 thread')),
    'tg128',
  );
  return section('Over time: decode over llama-bench', command, [decode]);
}

const peers = read<PeersFile>('peers.json');
const html = page('ggma: benchmarks', [
  `<p>${escapeHtml(`${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}`)}. Ratios of one run count;
  tokens/s of a shared machine vary. Load is that of the machine when a cell began.</p>`,
  speeds(peers),
  roofline(peers, read<Limit[]>('limits.json')),
  curve(
    'As the context grows',
    'tsx scripts/bench/context.ts PEERS_DIR',
    read<Table>('context.json'),
    'depth',
    {
      'tokens/s': 'ggma',
      'llama-bench': 'llama-bench',
    },
  ),
  curve(
    'Many sequences',
    'tsx scripts/bench/batch.ts PEERS_DIR',
    read<Table>('batch.json'),
    'sequences',
    { decode: 'ggma', 'batched-bench decode': 'llama-batched-bench' },
    (row) => `${row.model} ${row.dtype}`,
  ),
  history(),
]);
const out = path.join(root, '.bench/index.html');
mkdirSync(path.dirname(out), { recursive: true });
writeFileSync(out, html);
console.log(path.relative(process.cwd(), out));
