/**
 * What this machine reaches at best (test/bench/limits.cc): `tsx scripts/limits.ts [THREADS]`. Prints a table and
 * writes .bench/limits.json, which the benchmarks' page draws the roofline from.
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { machine, save } from './bench/results.ts';
import { figuresTable } from './bench/table.ts';
import { buildLimits } from './native.ts';

export type Limit =
  | { limit: 'read'; isa: string; bytes: number; threads: number; gbps: number }
  | { limit: 'fma'; isa: string; threads: number; gflops: number };

const out = execFileSync(buildLimits(), process.argv.slice(2), { encoding: 'utf8' });
const limits = out
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Limit);
const size = (bytes: number) => (bytes < 2 ** 20 ? `${bytes / 2 ** 10} KB` : `${bytes / 2 ** 20} MB`);
const table: Record<string, Record<string, number>> = {};
for (const row of limits) {
  const name = row.limit === 'read' ? `reading ${size(row.bytes)}, GB/s` : 'multiply-adds of floats, GFLOP/s';
  table[name] ??= {};
  table[name][`${row.threads} thread${row.threads > 1 ? 's' : ''}`] =
    row.limit === 'read' ? row.gbps : row.gflops;
}
console.log(`${os.cpus()[0]?.model}, ${limits[0]?.isa}; load ${os.loadavg()[0]}`);
console.log(figuresTable(table));
save('limits', { machine: machine(), rows: limits });
