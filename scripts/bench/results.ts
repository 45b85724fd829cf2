/** .bench: a JSON file for each benchmark, which the page is made of. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isa } from '../../lib/native.ts';
import { othersShare, othersText, readTicks } from './others.ts';
import { textTable } from './table.ts';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
export const resultsDir = path.join(root, '.bench');

/** Where and when something was measured. */
export interface Machine {
  cpu: string;
  cores: number;
  node: string;
  isa: string;
  /** When the benchmark ended: of programs beside it, and of itself. */
  load: number;
  /** What other programs used of all cores while it ran, 0 … 1; null where the system does not say. */
  others?: number | null;
  date: string;
}

export type Row = Record<string, string | number | boolean | null>;

/** What most benchmarks leave: one row for each thing that was measured. */
export interface Rows<R extends object = Row> {
  machine: Machine;
  rows: R[];
}

/** When the process of a benchmark imports this file, it begins. */
const start = readTicks();

export function machine(): Machine {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    node: process.version,
    isa: isa(),
    load: os.loadavg()[0]!,
    others: othersShare(start, readTicks()),
    date: new Date().toISOString(),
  };
}

/** Writes .bench/NAME.json. */
export function save(name: string, value: object): void {
  mkdirSync(resultsDir, { recursive: true });
  writeFileSync(path.join(resultsDir, `${name}.json`), `${JSON.stringify(value, null, 1)}\n`);
}

/** .bench/NAME.json, or null where that has not been measured. */
export function load<T>(name: string): T | null {
  const file = path.join(resultsDir, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : null;
}

/** Prints the rows as a table (`shown`: each as its line there), and keeps them. */
export function report<R extends object>(
  name: string,
  title: string,
  rows: readonly R[],
  shown: (row: R) => object = (row) => row,
): void {
  const where = machine();
  console.log(`${title}; ${where.isa}; ${othersText(where.others).text}`);
  console.log(textTable(rows.map(shown)));
  save(name, { machine: where, rows });
}

/** What an earlier run measured stays where a later one did not measure it again. */
export function mergeBy<R>(keyOf: (row: R) => string, before: readonly R[], now: readonly R[]): R[] {
  return [...new Map([...before, ...now].map((row) => [keyOf(row), row])).values()];
}

/** `digits` significant digits, as a number. */
export const round = (value: number, digits = 4): number => Number(value.toPrecision(digits));
