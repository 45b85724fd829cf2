/**
 * How long a user waits: `tsx scripts/bench/latency.ts [--models T0,S15,S135] [--dtypes q8_0] [--threads 2]
 * [--prompts 8,128,512] [--rounds 15]`. Milliseconds from the call to the first token behind a prompt, and between the
 * pieces of a stream: the engine works a few tokens ahead in one job and hands them over together, so a piece may
 * hold several. Writes .bench/latency.json.
 */
import os from 'node:os';
import type { Model } from '../../lib/runtime/index.ts';
import { percentile, prepare, prompt } from './measure.ts';
import { count, counts, dtypesOf, models, optionsOf } from './options.ts';
import { type Row, report, round } from './results.ts';

const tokens = 64;

const options = optionsOf(
  {
    models: models('T0,S15,S135'),
    dtypes: dtypesOf('q8_0'),
    threads: counts(String(Math.min(2, os.availableParallelism()))),
    prompts: counts('8,128,512'),
    rounds: count('15'),
  },
  'none',
);

interface Waits {
  /** ms from the call to the first piece */
  first: number;
  /** ms between pieces */
  gaps: number[];
  pieces: number;
}

async function stream(model: Model, ids: number[]): Promise<Waits> {
  let before = performance.now();
  const waits: number[] = [];
  for await (const _ of model.generate(ids, { maxTokens: tokens, ignoreEos: true })) {
    const now = performance.now();
    waits.push(now - before);
    before = now;
  }
  const [first, ...gaps] = waits;
  return { first: first!, gaps, pieces: waits.length };
}

const rows: Row[] = [];
for (const name of options.models)
  for (const dtype of options.dtypes) {
    const { load, vocab, context } = prepare(name, dtype);
    for (const threads of options.threads) {
      const model = await load(threads);
      for (const length of options.prompts.filter((length) => length + tokens <= context)) {
        const ids = prompt(length, vocab);
        await stream(model, ids);
        const runs: Waits[] = [];
        for (let i = 0; i < options.rounds; i++) runs.push(await stream(model, ids));
        const [firsts, gaps] = [runs.map(({ first }) => first), runs.flatMap((run) => run.gaps)];
        const row: Row = {
          ...{ model: name, dtype, threads, prompt: length },
          'first token p50, ms': round(percentile(firsts, 50), 3),
          'first token p95, ms': round(percentile(firsts, 95), 3),
          'between pieces p50, ms': round(percentile(gaps, 50), 3),
          'between pieces p99, ms': round(percentile(gaps, 99), 3),
          'tokens a piece': round((runs.length * tokens) / runs.reduce((n, run) => n + run.pieces, 0), 3),
        };
        console.error(JSON.stringify(row));
        rows.push(row);
      }
      await model.close();
    }
  }
report('latency', 'latency of a stream', rows);
