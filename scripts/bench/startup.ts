/**
 * Process start to first token of T0, and the memory that it takes: `tsx scripts/bench/startup.ts [--models T0,S15]
 * [--dtypes f32] [--rounds 9]`. Medians of whole processes, taking turns: a bare node, a program that loads a package
 * and takes one token of ids, ggma_run with ids; the package as it is exported, prepared (`opm prepare`), and prepared
 * and mapped. Peak anonymous memory beside what weights and caches need, and what two processes of one package take
 * together. Writes .bench/startup.json.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chunksOf, layOut } from '../../lib/circle/index.ts';
import { writeAtomically } from '../../lib/cli/common/index.ts';
import { prepare } from '../../lib/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { convertMatrices } from './dtypes.ts';
import { median } from './measure.ts';
import { architectures, configOf, randomModule } from './models.ts';
import { count, dtypesOf, models, optionsOf } from './options.ts';
import { type Row, report, root } from './results.ts';

const ggmaRun = path.join(root, 'dist/bin/ggma_run.js');

/** Prints ms since the process began for each stage, and memory; anonymous: resident, but no page of a file. */
const program = `
import { load } from ${JSON.stringify(path.join(root, 'dist/index.js'))};
import { readFileSync } from 'node:fs';
const at = { imported: performance.now() };
const [dir, mmap, hold] = process.argv.slice(1);
const model = await load(dir, { threads: 1, mmap: mmap === 'mmap' });
at.loaded = performance.now();
await model.complete([1], { maxTokens: 1, ignoreEos: true });
at.first = performance.now();
const { weightBytes, kvBytes, arenaBytes } = model.memory();
const status = readFileSync('/proc/self/status', 'utf8');
const mb = (key) => Number(new RegExp(key + ':\\\\s+(\\\\d+) kB').exec(status)[1]) / 1024;
console.log(JSON.stringify({ ...at, anonymous: mb('RssAnon'), peak: mb('VmHWM'), own: (weightBytes + kvBytes + arenaBytes) / 2 ** 20 }));
if (hold === 'hold') process.stdin.resume();
`;
const bareProgram =
  "const s = require('fs').readFileSync('/proc/self/status', 'utf8'); console.log(JSON.stringify({ anonymous: Number(/RssAnon:\\s+(\\d+) kB/.exec(s)[1]) / 1024 }))";

type Stages = Record<string, number>;

/** Milliseconds of a whole process, and what it prints. */
function run(words: string[]): { ms: number; stages: Stages } {
  const start = performance.now();
  const out = execFileSync(process.execPath, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { ms: performance.now() - start, stages: out.startsWith('{"') ? (JSON.parse(out) as Stages) : {} };
}

/** What two processes of one package take: each page counts once, divided among those that have it. MB each. */
async function sharedMemory(dir: string, way: 'mmap' | 'read'): Promise<{ pss: number; anonymous: number }> {
  const words = ['--input-type=module', '-e', program, dir, way, 'hold'];
  const children = [1, 2].map(() => spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] }));
  try {
    await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
    const kb = (pid: number, file: string, key: string) =>
      Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))![1]);
    const each = (file: string, key: string) =>
      Math.round(median(children.map(({ pid }) => kb(pid!, file, key))) / 1024);
    return { pss: each('smaps_rollup', 'Pss'), anonymous: each('status', 'RssAnon') };
  } finally {
    for (const child of children) child.stdin.end();
    await Promise.all(children.map((child) => once(child, 'exit')));
  }
}

const options = optionsOf({ models: models('T0'), dtypes: dtypesOf('f32,q8_0'), rounds: count('9') }, 'none');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-bench-'));
const rows: Row[] = [];
try {
  for (const model of options.models)
    for (const dtype of options.dtypes) {
      const dir = path.join(scratch, `${model}-${dtype}`);
      mkdirSync(dir);
      const module = randomModule(model);
      convertMatrices(module, dtype);
      writeAtomically(path.join(dir, 'model.circle'), chunksOf(layOut(lower(module))));
      writeFileSync(path.join(dir, 'config.json'), JSON.stringify(configOf(architectures[model])));
      const prepared = `${dir}-prepared`;
      cpSync(dir, prepared, { recursive: true });
      await prepare(prepared);
      const library = ['--input-type=module', '-e', program];
      const command = (of: string) => [ggmaRun, of, '--ids', '1', '-n', '1', '--threads', '1'];
      const ways: Record<string, string[]> = {
        bare: ['-e', '0'],
        exported: [...library, dir, 'read'],
        prepared: [...library, prepared, 'read'],
        'prepared, mapped': [...library, prepared, 'mmap'],
        'ggma_run, exported': command(dir),
        'ggma_run, prepared': command(prepared),
      };
      const runs = Object.fromEntries(
        Object.keys(ways).map((name) => [name, [] as ReturnType<typeof run>[]]),
      );
      for (let i = -1; i < options.rounds; i++)
        for (const [name, words] of Object.entries(ways)) {
          const result = run(words);
          if (i >= 0) runs[name]!.push(result);
        }
      const ms = (name: string) => Math.round(median(runs[name]!.map((one) => one.ms)));
      const of = (name: string, key: string) =>
        Math.round(median(runs[name]!.map(({ stages }) => stages[key] ?? Number.NaN)));
      const bareAnonymous = Math.round(run(['-e', bareProgram]).stages.anonymous!);
      for (const name of Object.keys(ways)) {
        const hasStages = runs[name]![0]!.stages.first !== undefined;
        const way = name === 'prepared, mapped' ? 'mmap' : 'read';
        const shared = hasStages ? await sharedMemory(ways[name]!.at(-2)!, way) : null;
        rows.push({
          model,
          dtype,
          way: name,
          'whole, ms': ms(name),
          'above bare, ms': ms(name) - ms('bare'),
          ...(hasStages && {
            'imported, ms': of(name, 'imported'),
            'loaded, ms': of(name, 'loaded'),
            'first token, ms': of(name, 'first'),
            'anonymous MB above bare': of(name, 'anonymous') - bareAnonymous,
            'own MB': of(name, 'own'),
            'two processes, PSS MB each': shared!.pss,
            'anonymous MB each': shared!.anonymous,
          }),
        });
      }
    }
} finally {
  rmSync(scratch, { recursive: true });
}
report('startup', 'process start to first token, one thread', rows);
