/**
 * Process start to first token of T0, and the memory that it takes: `tsx scripts/bench/startup.ts [--models T0,S15]
 * [--dtypes f32] [--rounds 9]`. Medians of whole processes, taking turns: a bare node, a program that loads a package
 * and takes one token of ids, ggma_run with ids. Peak anonymous memory beside what weights and caches need. Writes
 * .bench/startup.json.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chunksOf, layOut } from '../../lib/circle/index.ts';
import { writeAtomically } from '../../lib/cli/common/index.ts';
import { lower } from '../../lib/ir/index.ts';
import { convertMatrices } from './dtypes.ts';
import { median } from './measure.ts';
import { architectures, configOf, randomModule } from './models.ts';
import { count, dtypesOf, models, optionsOf } from './options.ts';
import { type Row, report, root } from './results.ts';

/** Prints ms since the process began for each stage, and memory; anonymous: resident, but no page of a file. */
const program = `
import { load } from ${JSON.stringify(path.join(root, 'dist/index.js'))};
import { readFileSync } from 'node:fs';
const at = { imported: performance.now() };
const model = await load(process.argv[1], { threads: 1 });
at.loaded = performance.now();
await model.complete([1], { maxTokens: 1, ignoreEos: true });
at.first = performance.now();
const { weightBytes, kvBytes, arenaBytes } = model.memory();
const status = readFileSync('/proc/self/status', 'utf8');
const mb = (key) => Number(new RegExp(key + ':\\\\s+(\\\\d+) kB').exec(status)[1]) / 1024;
console.log(JSON.stringify({ ...at, anonymous: mb('RssAnon'), peak: mb('VmHWM'), own: (weightBytes + kvBytes + arenaBytes) / 2 ** 20 }));
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
      const ways: Record<string, string[]> = {
        bare: ['-e', bareProgram],
        library: ['--input-type=module', '-e', program, dir],
        command: [path.join(root, 'dist/bin/ggma_run.js'), dir, '--ids', '1', '-n', '1', '--threads', '1'],
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
      const of = (name: string, key: string) => median(runs[name]!.map(({ stages }) => stages[key]!));
      const [bare, first] = [ms('bare'), Math.round(of('library', 'first'))];
      rows.push({
        model,
        dtype,
        'bare node, ms': bare,
        'imported, ms': Math.round(of('library', 'imported')),
        'loaded, ms': Math.round(of('library', 'loaded')),
        'first token, ms': first,
        'library, whole, ms': ms('library'),
        'above bare, ms': ms('library') - bare,
        'ggma_run --ids, above bare, ms': ms('command') - bare,
        'anonymous MB above bare': Math.round(of('library', 'anonymous') - of('bare', 'anonymous')),
        'of which weights, KV, arena': Math.round(of('library', 'own')),
      });
    }
} finally {
  rmSync(scratch, { recursive: true });
}
report('startup', 'process start to first token, one thread', rows);
