/**
 * Many sequences at once: `tsx scripts/bench/batch.ts [PEERS_DIR] [--models S15,S135] [--dtypes q8_0] [--threads 2]
 * [--conc 1,4,16,64] [--rounds 3]`. Prompts of 32 tokens, 64 tokens each; total tokens/s of decoding (the time of the
 * prompts taken off) and of all. With PEERS_DIR beside llama-batched-bench, taking turns. Writes .bench/batch.json.
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import type { Model } from '../../lib/runtime/index.ts';
import { ggufOf } from './kit.ts';
import { median, prepare } from './measure.ts';
import { count, counts, dtypesOf, models, optionsOf } from './options.ts';
import { type Row, report } from './results.ts';

const promptLength = 32;
const tokens = 64;

interface Speed {
  decode: number;
  all: number;
}

async function ours(model: Model, vocab: number, count: number): Promise<Speed> {
  // Prompts that differ: nothing may be shared.
  const prompts = Array.from({ length: count }, (_, i) =>
    Array.from({ length: promptLength }, (_, j) => 3 + ((i * 101 + j * 37) % (vocab - 3))),
  );
  const time = async (maxTokens: number) => {
    const start = performance.now();
    await Promise.all(prompts.map((ids) => model.complete(ids, { maxTokens, ignoreEos: true })));
    return (performance.now() - start) / 1000;
  };
  const first = await time(1);
  const whole = await time(tokens + 1);
  return { decode: (count * tokens) / (whole - first), all: (count * (promptLength + tokens)) / whole };
}

function theirs(kit: string, file: string, threads: number, count: number): Speed {
  const t = String(threads);
  const out = execFileSync(
    path.join(kit, 'lcpp/bin/llama-batched-bench'),
    [
      ...['-m', file, '-t', t, '-tb', t, '-c', String(count * (promptLength + tokens) + 512), '-ngl', '0'],
      ...['-npp', String(promptLength), '-ntg', String(tokens), '-npl', String(count)],
      ...['--output-format', 'jsonl'],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const line = out.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error('expected a line of JSON from llama-batched-bench, got none');
  const { speed_tg: decode, speed: all } = JSON.parse(line) as { speed_tg: number; speed: number };
  return { decode, all };
}

const middle = (runs: readonly Speed[]): Speed => ({
  decode: median(runs.map(({ decode }) => decode)),
  all: median(runs.map(({ all }) => all)),
});

const options = optionsOf(
  {
    models: models('S15,S135'),
    dtypes: dtypesOf('q8_0'),
    threads: counts(String(Math.min(2, os.availableParallelism()))),
    conc: counts('1,4,16,64'),
    rounds: count('3'),
  },
  'optional',
);
const { kit } = options;
const rows: Row[] = [];
for (const model of options.models)
  for (const dtype of options.dtypes) {
    const { load, vocab } = prepare(model, dtype);
    const file = kit === null ? null : ggufOf(kit, { model, dtype });
    for (const threads of options.threads) {
      const loaded = await load(threads);
      await ours(loaded, vocab, 4);
      for (const sequences of options.conc) {
        const runs: Speed[] = [];
        const peer: Speed[] = [];
        for (let i = 0; i < options.rounds; i++) {
          runs.push(await ours(loaded, vocab, sequences));
          if (kit !== null && file !== null) peer.push(theirs(kit, file, threads, sequences));
        }
        const [a, b] = [middle(runs), peer.length > 0 ? middle(peer) : null];
        const row: Row = { model, dtype, threads, sequences };
        row.decode = Math.round(a.decode);
        row.all = Math.round(a.all);
        if (b !== null) {
          row['batched-bench decode'] = Math.round(b.decode);
          row['batched-bench all'] = Math.round(b.all);
          row['decode ratio'] = Number((a.decode / b.decode).toFixed(2));
          row['ratio of all'] = Number((a.all / b.all).toFixed(2));
        }
        console.error(JSON.stringify(row));
        rows.push(row);
      }
      await loaded.close();
    }
  }
report('batch', 'tokens/s together', rows);
