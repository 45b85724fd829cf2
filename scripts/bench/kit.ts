/**
 * The peers, as the peers kit sets them up in a directory of its own: `lcpp/bin` (llama.cpp's programs), `kit` (one
 * runner for each Node library), `models/NAME-DTYPE.gguf`, `onnxm/NAME`. Every run is a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DtypeName } from './dtypes.ts';
import { median } from './measure.ts';
import type { ModelName } from './models.ts';

/** Tokens/s by what was done: pp32 is a prompt of 32 tokens, tg128 the 128 tokens behind the first. */
export type Figures = Record<string, number>;

export interface Cell {
  model: ModelName;
  dtype: DtypeName;
  threads: number;
}

export interface Run {
  figures: Figures;
  /** The release that ran. */
  version: string;
}

/** Why a peer has no figures for a cell: it has no such model, or it failed. */
export interface Absence {
  reason: string;
}

export interface Peer {
  name: string;
  /** llama-bench is native; the others are what a Node user can install. */
  kind: 'native' | 'node';
  run(kit: string, cell: Cell): Run | Absence;
}

export const peers: readonly Peer[] = [
  { name: 'llama-bench', kind: 'native', run: llamaBench },
  { name: 'node-llama-cpp', kind: 'node', run: (kit, cell) => overGguf('run_nlc.mjs', kit, cell) },
  { name: '@fugood/llama.node', kind: 'node', run: (kit, cell) => overGguf('run_fugood.mjs', kit, cell) },
  { name: 'transformers.js', kind: 'node', run: (kit, cell) => overOnnx('tjs', kit, cell) },
  { name: 'onnxruntime-node', kind: 'node', run: (kit, cell) => overOnnx('ort', kit, cell) },
];

/** What is measured of a model: one of a billion parameters gets the shorter runs. */
export function lengthsOf(model: ModelName): { pp: number[]; tg: number[] } {
  return model === 'T1' ? { pp: [32, 128], tg: [64] } : { pp: [32, 128, 512], tg: [128] };
}

/** Whether the directory was set up, as far as llama.cpp goes. */
export function isKit(dir: string | undefined): dir is string {
  return dir !== undefined && existsSync(path.join(dir, 'lcpp/bin/llama-bench'));
}

export function ggufOf(kit: string, { model, dtype }: Pick<Cell, 'model' | 'dtype'>): string | null {
  const file = path.join(kit, `models/${model}-${dtype}.gguf`);
  return existsSync(file) ? file : null;
}

/** How llama.cpp was built: what its ratios depend on. */
export function buildFlags(kit: string): string {
  const cache = path.join(kit, 'lcpp/CMakeCache.txt');
  if (!existsSync(cache)) return 'unknown';
  const text = readFileSync(cache, 'utf8');
  return ['CMAKE_BUILD_TYPE', 'GGML_NATIVE']
    .map((key) => `${key}=${new RegExp(`^${key}:[A-Z]+=(.*)$`, 'm').exec(text)?.[1] ?? '?'}`)
    .join(' ');
}

function llamaBench(kit: string, cell: Cell): Run | Absence {
  const file = ggufOf(kit, cell);
  if (file === null) return noModel(cell);
  const { pp, tg } = lengthsOf(cell.model);
  const command = path.join(kit, 'lcpp/bin/llama-bench');
  const repetitions = cell.model === 'T1' ? '1' : '2';
  const out = outputOf(command, [
    ...['-m', file, '-t', String(cell.threads), '-r', repetitions],
    ...['-p', pp.join(','), '-n', tg.join(','), '-o', 'json', '-ngl', '0'],
  ]);
  if (typeof out !== 'string') return out;
  const rows = JSON.parse(out) as {
    n_prompt: number;
    n_gen: number;
    samples_ts: number[];
    build_commit: string;
  }[];
  const figures = rows.map((row) => [
    row.n_prompt ? `pp${row.n_prompt}` : `tg${row.n_gen}`,
    median(row.samples_ts),
  ]);
  return { figures: Object.fromEntries(figures), version: rows[0]?.build_commit ?? 'unknown' };
}

const noModel = ({ model, dtype }: Cell): Absence => ({ reason: `no model ${model} ${dtype}` });

function overGguf(runner: string, kit: string, cell: Cell): Run | Absence {
  const file = ggufOf(kit, cell);
  if (file === null) return noModel(cell);
  const { pp, tg } = lengthsOf(cell.model);
  const lengths = ['--pp', pp.join(','), '--tg', tg.join(',')];
  return nodeRunner(runner, kit, cell, ['--model', file, ...lengths]);
}

/** ONNX models are there as f32 and with 4-bit weights in blocks of 32, which stand for q4_0. */
function overOnnx(api: 'tjs' | 'ort', kit: string, cell: Cell): Run | Absence {
  const forms: Partial<Record<DtypeName, [string, string]>> = {
    f32: ['fp32', 'model.onnx'],
    q4_0: ['q4', 'model_q4.onnx'],
  };
  const form = forms[cell.dtype];
  const dir = path.join(kit, 'onnxm', cell.model);
  if (form === undefined || !existsSync(path.join(dir, 'onnx', form[1]))) return noModel(cell);
  return nodeRunner('run_tjs.mjs', kit, cell, ['--model', dir, '--dtype', form[0], '--api', api]);
}

/** What a runner of the kit measured: its last line that is JSON. */
function nodeRunner(runner: string, kit: string, cell: Cell, words: string[]): Run | Absence {
  const out = outputOf(process.execPath, [
    ...[path.join(kit, 'kit', runner), ...words, '--threads', String(cell.threads)],
    ...['--reps', cell.model === 'T1' ? '1' : '3'],
  ]);
  return typeof out === 'string' ? readRunner(out) : out;
}

/** The figures in what a runner printed; some libraries print lines of their own around it. */
export function readRunner(out: string): Run | Absence {
  const line = out
    .trimEnd()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  if (line === undefined) return { reason: 'failed: printed no figures' };
  const { version, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const figures = Object.entries(rest).filter(
    ([key, value]) => /^(pp|tg)\d+$/.test(key) && typeof value === 'number',
  );
  if (figures.length === 0) return { reason: 'failed: printed no figures' };
  return { figures: Object.fromEntries(figures) as Figures, version: String(version) };
}

/** Longer than any peer takes for a model of a billion parameters on two cores. */
const timeout = 900_000;

/** What a program prints, or how it failed: its last line of standard error, or the signal. */
function outputOf(command: string, words: readonly string[]): string | Absence {
  const { status, signal, stdout, stderr, error } = spawnSync(command, words, {
    ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout, maxBuffer: 2 ** 28 },
  });
  if (status === 0) return stdout;
  const last = (stderr ?? '').trimEnd().split('\n').at(-1) ?? '';
  return { reason: `failed: ${error?.message ?? signal ?? `status ${status}`} ${last}`.trim().slice(0, 200) };
}
