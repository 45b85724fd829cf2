/** The sections of the benchmarks' page, each of the file that its benchmark left, or of null. */
import type { Limit } from '../../limits.ts';
import { type PeersFile, verdicts } from '../compare.ts';
import type { HistoryEntry } from '../history.ts';
import { othersText } from '../others.ts';
import type { Machine, Row, Rows } from '../results.ts';
import { rowsOfFigures } from '../table.ts';
import type { Throughput } from '../throughput.ts';
import { bars, lines, nameOf, ratios, threadsOf } from './charts.ts';
import { byModel, curves, decodeOf, overSize, overThreads, roofline, rooflineLines, three } from './data.ts';
import { escapeHtml, section, table, warning } from './html.ts';

/** Of a file: on what, when, and whether other programs have spoilt it. */
function where({ cpu, cores, isa, node, others, date }: Machine): string {
  const { text, isTooBusy } = othersText(others);
  const on = `${cpu}, ${cores} cores, ${isa}, Node ${node}, ${date.slice(0, 16).replace('T', ' ')} UTC`;
  return `<p class="where">${escapeHtml(isTooBusy ? on : `${on}; ${text}`)}</p>${isTooBusy ? warning(sentence(text)) : ''}`;
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

/** At the head of the page: which of its sections say little. */
export function busyNote(files: Readonly<Record<string, { machine: Machine } | null>>): string {
  const busy = Object.entries(files).filter(([, file]) => file && othersText(file.machine.others).isTooBusy);
  if (busy.length === 0) return '';
  const shares = busy.map(([name, file]) => `${name} (${Math.round(100 * file!.machine.others!)} %)`);
  return warning(
    `The machine was too busy with other programs for these figures to mean much: ${shares.join(', ')}. Measure them again when it is idle.`,
  );
}

/** Of rows whose repeats lie far apart. */
function spreadNote(rows: readonly Throughput[]): string {
  const wide = rows.filter(({ spread = 0 }) => spread > MAX_SPREAD);
  if (wide.length === 0) return '';
  const percent = Math.round(100 * MAX_SPREAD);
  return warning(
    `In ${wide.length} of ${rows.length} rows the repeats of a figure differ by more than ${percent} %, so these rows cannot be compared with others.`,
  );
}

/** Of what 80 % of the repeats span, over their median. */
const MAX_SPREAD = 0.15;

const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`;

const isEmpty = (file: Rows<object> | null): boolean => file === null || file.rows.length === 0;

export function speeds(file: Rows<Throughput> | null): string {
  const [title, command] = ['Tokens/s by model and dtype', 'npx tsx scripts/bench/throughput.ts'];
  if (file === null || isEmpty(file)) return section(title, command, null);
  const threads = [...new Set(file.rows.map((row) => row.threads))];
  const charts = threads.flatMap((number) => {
    const decode = byModel(file.rows, number, ({ tokensPerSecond }) => decodeOf(tokensPerSecond));
    const prompt = byModel(file.rows, number, ({ tokensPerSecond }) => tokensPerSecond.pp128 ?? null);
    const named = threadsOf(number);
    return [
      `<h3>Decoding, ${named}</h3>`,
      bars('tokens/s', decode.models, decode.series),
      `<h3>A prompt of 128 tokens, ${named}</h3>`,
      bars('tokens/s', prompt.models, prompt.series),
    ];
  });
  const rows = file.rows.map((row) => ({
    ...{
      model: row.model,
      dtype: row.dtype,
      threads: row.threads,
      cache: row.kv,
      screen: row.screen,
      wide: row.wide,
    },
    ...row.tokensPerSecond,
    'spread, %': row.spread === undefined ? null : Math.round(100 * row.spread),
    'weights, MB': three(row.weightBytes / 1e6),
  }));
  return section(title, command, [where(file.machine), spreadNote(file.rows), ...charts, table(rows)]);
}

export function roofs(file: Rows<Throughput> | null, limits: Rows<Limit> | null): string {
  const title = 'Roofline of decoding';
  const command = 'npx tsx scripts/limits.ts; npx tsx scripts/bench/throughput.ts';
  if (file === null || limits === null || isEmpty(file)) return section(title, command, null);
  const threads = [...new Set(file.rows.map((row) => row.threads))];
  const charts = threads.flatMap((number) => [
    `<h3>${threadsOf(number)}</h3>`,
    lines('GB/s', 'MB that a token reads', rooflineLines(file.rows, limits.rows, number), {
      logarithmic: true,
    }),
  ]);
  const flops = limits.rows
    .filter((row) => row.limit === 'fma')
    .map((row) => `${row.gflops} GFLOP/s on ${threadsOf(row.threads)}`);
  return section(title, command, [
    where(limits.machine),
    paragraph(
      'A decoded token reads every weight once. Dashed: how fast this machine reads a working set of that size.',
    ),
    ...charts,
    table(roofline(file.rows, limits.rows)),
    paragraph(`Multiply-adds of floats, which bound prompts: ${flops.join(', ')}.`),
  ]);
}

export function scaling(file: Rows<Throughput> | null): string {
  const [title, command] = ['Threads, and sizes of models', 'npx tsx scripts/bench/throughput.ts'];
  if (file === null || isEmpty(file)) return section(title, command, null);
  const threads = overThreads(file.rows);
  const sizes = overSize(file.rows, Math.min(...file.rows.map((row) => row.threads)));
  return section(title, command, [
    '<h3>Decoding over threads, as multiples of one</h3>',
    threads.length > 0
      ? lines('× one thread', 'threads', threads)
      : paragraph('Only one number of threads was measured.'),
    '<h3>Decoding over what a token reads</h3>',
    lines('tokens/s', 'MB that a token reads', sizes, { logarithmic: true }),
  ]);
}

/** A curve for each kind of row above the table of all. */
export function curve(
  title: string,
  command: string,
  file: Rows | null,
  axis: string,
  unit: string,
  names: Record<string, string>,
  kindOf: (row: Row) => string,
): string {
  if (file === null || isEmpty(file)) return section(title, command, null);
  const all = curves(file.rows, axis, names, kindOf);
  return section(title, command, [
    where(file.machine),
    lines(unit, axis, all, { start: Number.POSITIVE_INFINITY }),
    table(file.rows),
  ]);
}

/** A benchmark without a plot. */
export function rowsOf(title: string, command: string, said: string, file: Rows | null): string {
  if (file === null || isEmpty(file)) return section(title, command, null);
  return section(title, command, [where(file.machine), paragraph(said), table(file.rows)]);
}

/** Tables of figures by what was measured. */
export interface Figures {
  machine: Machine;
  figures: Record<string, Record<string, unknown>>;
}

export function figuresOf(title: string, command: string, file: Figures | null): string {
  if (file === null) return section(title, command, null);
  const parts = Object.entries(file.figures).flatMap(([name, figures]) => {
    return [`<h3>${escapeHtml(name)}</h3>`, table(rowsOfFigures(figures))];
  });
  return section(title, command, [where(file.machine), ...parts]);
}

/** .bench/serving.json */
export interface Serving {
  machine: Machine;
  drawing: Row[];
  loop: Row[];
}

export function serving(file: Serving | null): string {
  const [title, command] = ['Sampling and serving', 'npx tsx scripts/bench/serving.ts'];
  if (file === null) return section(title, command, null);
  return section(title, command, [
    where(file.machine),
    paragraph('Microseconds a token; all but greedy: on top of greedy.'),
    table(
      turned(file.drawing, ({ vocabulary, threads }) => `${vocabulary} words, ${threadsOf(Number(threads))}`),
    ),
    paragraph('What streamed generations of the demo do to the event loop.'),
    table(file.loop),
  ]);
}

/** Rows as columns: a line for each of their numbers. */
function turned(rows: readonly Row[], nameOf: (row: Row) => string): Row[] {
  const [first = {}] = rows;
  return Object.keys(first)
    .filter((key) => key !== 'vocabulary' && key !== 'threads')
    .map((what) => ({ what, ...Object.fromEntries(rows.map((row) => [nameOf(row), row[what] ?? null])) }));
}

/** Decode of every cell beside the peers, ratios and goals. */
export function peersSection(file: PeersFile | null): string {
  const [title, command] = ['Beside the peers', 'npm run bench:peers -- PEERS_DIR'];
  if (file === null || file.cells.length === 0) return section(title, command, null);
  const { cells } = file;
  const names = [...new Set(cells.flatMap(({ tokensPerSecond }) => Object.keys(tokensPerSecond)))];
  const numbers = [...new Set(cells.map(({ threads }) => threads))].toSorted((a, b) => a - b);
  const charts = numbers.flatMap((threads) => {
    const some = cells.filter((cell) => cell.threads === threads);
    const values = (name: string) => some.map((cell) => decodeOf(cell.tokensPerSecond[name] ?? {}));
    return [
      `<h3>Decoding, ${threadsOf(threads)}</h3>`,
      bars(
        'tokens/s',
        some.map(({ model, dtype }) => `${model} ${dtype}`),
        names.map((name) => ({ name, values: values(name) })),
      ),
    ];
  });
  const absent = cells.flatMap((cell) =>
    Object.entries(cell.absent ?? {}).map(([peer, reason]) => ({ cell: nameOf(cell), peer, reason })),
  );
  const versions = Object.entries(file.versions).map(([name, version]) => `${name} ${version}`);
  return section(title, command, [
    ...charts,
    table(cells.flatMap(verdicts)),
    paragraph(`${versions.join(', ')}; llama.cpp built with ${file.llamaCpp}`),
    ...(absent.length > 0 ? ['<h3>Who has no figures, and why</h3>', table(absent)] : []),
  ]);
}

export function history(entries: readonly HistoryEntry[]): string {
  const command = 'npm run bench:peers -- PEERS_DIR --record';
  if (entries.length === 0) return section('Over time', command, null);
  const names = [...new Set(entries.flatMap(({ cells }) => cells.map(nameOf)))];
  return section('Over time: decoding over llama-bench', command, [
    ratios(
      entries,
      names.filter((name) => name.includes('1 thread')),
      'tg128',
    ),
  ]);
}
