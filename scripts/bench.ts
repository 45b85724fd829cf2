/**
 * What the demo does on this machine: prefill and decode tokens/s, process start to first token, peak memory. A table
 * on the terminal, JSON in .bench/demo.json. Medians over repetitions; another program running changes them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isa } from '../lib/native.ts';
import { loadDemo } from '../lib/package/index.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const repetitions = 15;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Milliseconds that `run` takes, median after one run that does not count. */
async function time(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return median(times);
}

async function throughput(threads: number): Promise<Record<string, number>> {
  const model = await loadDemo({ threads });
  const prompt = (length: number) => Array.from({ length }, (_, i) => 3 + ((i * 37) % 900));
  const figures: Record<string, number> = {};
  for (const length of [32, 128, 512]) {
    const ms = await time(() => model.complete(prompt(length), { maxTokens: 1, ignoreEos: true }));
    figures[`prefill ${length}, tokens/s`] = Math.round((length / ms) * 1000);
  }
  const ids = prompt(8);
  const one = await time(() => model.complete(ids, { maxTokens: 1, ignoreEos: true }));
  const many = await time(() => model.complete(ids, { maxTokens: 257, ignoreEos: true }));
  figures['decode 256, tokens/s'] = Math.round((256 / (many - one)) * 1000);
  await model.close();
  return figures;
}

/** Wall time of a command of its own, and its peak resident memory in MB. */
function coldStart(words: string[]): { ms: number; mb: number } {
  const runs = Array.from({ length: 9 }, () => {
    const start = performance.now();
    execFileSync(process.execPath, words, { cwd: root, stdio: 'ignore' });
    return performance.now() - start;
  });
  const peak = "process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))";
  const { stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(peak)}`, ...words],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return { ms: median(runs), mb: Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024 };
}

const bare = coldStart(['-e', '0']);
const first = coldStart(['dist/bin/ggma_run.js', '-n', '1']);
const result = {
  machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, node: process.version, isa: isa() },
  'threads 1': await throughput(1),
  'threads 2': await throughput(2),
  'start to first token, demo exported in memory': {
    'bare node, ms': Math.round(bare.ms),
    'ggma_run -n 1, ms': Math.round(first.ms),
    'bare node, peak MB': Math.round(bare.mb),
    'ggma_run -n 1, peak MB': Math.round(first.mb),
  },
};
for (const [title, figures] of Object.entries(result)) {
  console.log(`\n${title}`);
  console.table(figures);
}
mkdirSync(path.join(root, '.bench'), { recursive: true });
writeFileSync(path.join(root, '.bench/demo.json'), `${JSON.stringify(result, null, 2)}\n`);
