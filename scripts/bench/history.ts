/**
 * bench/history.jsonl: a line for each recorded run beside the peers: commit, machine, ratios. Ratios, for tokens/s of
 * different machines say nothing about the code.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isa } from '../../lib/native.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const file = path.join(root, 'bench/history.jsonl');

export interface HistoryCell {
  model: string;
  dtype: string;
  threads: number;
  overLlamaBench: Record<string, number>;
  overBestNodePeer: Record<string, number>;
}

export interface HistoryEntry {
  commit: string;
  date: string;
  machine: { cpu: string; cores: number; isa: string; node: string };
  peers: Record<string, string>;
  cells: HistoryCell[];
}

/** Adds this run; two digits behind the point are what repeats. */
export function record(cells: readonly HistoryCell[], peers: Record<string, string>): void {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', 'lib', 'native').length > 0;
  const entry: HistoryEntry = {
    commit: git('rev-parse', '--short', 'HEAD') + (changed ? '+' : ''),
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores: os.cpus().length,
      isa: isa(),
      node: process.version,
    },
    peers,
    cells: cells.map((cell) => ({
      ...cell,
      overLlamaBench: rounded(cell.overLlamaBench),
      overBestNodePeer: rounded(cell.overBestNodePeer),
    })),
  };
  mkdirSync(path.dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

export function readHistory(): HistoryEntry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HistoryEntry);
}

function rounded(ratios: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(ratios).map(([key, value]) => [key, Math.round(value * 100) / 100]),
  );
}
