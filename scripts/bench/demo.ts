/**
 * What the demo does on this machine: `tsx scripts/bench/demo.ts [--threads 1,2] [--rounds 15]`. Prefill and decode
 * tokens/s, process start to first token, peak memory; medians. Writes .bench/demo.json.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { loadDemo } from '../../lib/make/index.ts';
import { median } from './measure.ts';
import { coresUpTo, count, counts, optionsOf } from './options.ts';
import { machine, root, save } from './results.ts';
import { figuresTable } from './table.ts';

const { threads, rounds } = optionsOf({ threads: counts(coresUpTo()), rounds: count('15') }, 'none');

/** Milliseconds that `run` takes, median after one run that does not count. */
async function time(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
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
  const runs = Array.from({ length: Math.min(rounds, 9) }, () => {
    const start = performance.now();
    execFileSync(process.execPath, words, { cwd: root, stdio: 'ignore' });
    return performance.now() - start;
  });
  const peak = "process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))";
  const { stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(peak)}`, ...words],
    { cwd: root, encoding: 'utf8' },
  );
  return { ms: median(runs), mb: Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024 };
}

const figures: Record<string, Record<string, number>> = {};
for (const number of threads) figures[`threads ${number}`] = await throughput(number);
const bare = coldStart(['-e', '0']);
const first = coldStart(['dist/bin/ggma_run.js', '-n', '1']);
figures['start to first token, demo exported in memory'] = {
  'bare node, ms': Math.round(bare.ms),
  'ggma_run -n 1, ms': Math.round(first.ms),
  'bare node, peak MB': Math.round(bare.mb),
  'ggma_run -n 1, peak MB': Math.round(first.mb),
};
for (const [title, table] of Object.entries(figures)) {
  console.log(`\n${title}`);
  console.log(figuresTable(table));
}
save('demo', { machine: machine(), figures });
