/**
 * Decoding as the context grows: `tsx scripts/bench/context.ts [PEERS_DIR] [--model S135] [--dtype q8_0] [--threads 1]
 * [--kv f32,f16] [--depths 32,128,512,2048,8000] [--rounds 3]`. Tokens/s of 32 tokens behind a prompt of each length,
 * and how fast the cache is read. With PEERS_DIR beside llama-bench -d, taking turns (its cache holds f16). Writes
 * .bench/context.json.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { KvDtype } from '../../lib/native.ts';
import type { Model } from '../../lib/runtime/index.ts';
import { dtypes } from './dtypes.ts';
import { ggufOf } from './kit.ts';
import { median, prepare, prompt } from './measure.ts';
import { architectures, modelNames } from './models.ts';
import { count, counts, kvOf, nameOf, optionsOf } from './options.ts';
import { type Row, report, round } from './results.ts';

const tokens = 32;

const options = optionsOf(
  {
    model: nameOf(modelNames, 'S135'),
    dtype: nameOf(dtypes, 'q8_0'),
    threads: counts('1'),
    kv: kvOf('f32,f16'),
    depths: counts('32,128,512,2048,8000'),
    rounds: count('3'),
  },
  'optional',
);
const { kit, model: name, dtype } = options;
const file = kit === null ? null : ggufOf(kit, { model: name, dtype });

/** Tokens/s behind a prompt of `ids`. */
async function ours(model: Model, ids: number[]): Promise<number> {
  // The first chunk may carry several tokens: the time between the first and the last chunk, over what came then.
  let [first, last, counted] = [0, 0, 0];
  for await (const chunk of model.generate(ids, { maxTokens: tokens + 1, ignoreEos: true })) {
    last = performance.now();
    if (first === 0) first = last;
    else counted += chunk.ids.length;
  }
  return counted / ((last - first) / 1000);
}

function theirs(dir: string, gguf: string, threads: number, depth: number): number {
  const out = execFileSync(
    path.join(dir, 'lcpp/bin/llama-bench'),
    [
      ...['-m', gguf, '-t', String(threads), '-r', '1', '-p', '0', '-n', String(tokens)],
      ...['-d', String(depth), '-o', 'json', '-ngl', '0'],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [row] = JSON.parse(out) as { samples_ts: number[] }[];
  return median(row!.samples_ts);
}

/** K and V of one position, all layers. */
function kvBytes(kv: KvDtype): number {
  const { hidden, heads, kvHeads, layers } = architectures[name];
  return ((2 * hidden) / heads) * kvHeads * layers * (kv === 'f16' ? 2 : 4);
}

const rows: Row[] = [];
const { load, vocab, context } = prepare(name, dtype);
for (const threads of options.threads)
  for (const kv of options.kv) {
    const model = await load(threads, { kvDtype: kv });
    let short: { depth: number; seconds: number } | null = null;
    for (const depth of options.depths.filter((depth) => depth + tokens + 1 <= context)) {
      const ids = prompt(depth, vocab);
      const runs: number[] = [];
      const peer: number[] = [];
      for (let i = 0; i < options.rounds; i++) {
        runs.push(await ours(model, ids));
        if (kit !== null && file !== null) peer.push(theirs(kit, file, threads, depth));
      }
      const speed = median(runs);
      const row: Row = { model: name, dtype, threads, kv, depth, 'tokens/s': round(speed) };
      row['cache, MB a token'] = Number(((kvBytes(kv) * depth) / 1e6).toFixed(1));
      // What the cache adds to a token, as reading speed.
      if (short !== null) {
        const added = 1 / speed - short.seconds;
        if (added > 0)
          row['cache, GB/s'] = Number(((kvBytes(kv) * (depth - short.depth)) / added / 1e9).toFixed(1));
      }
      short ??= { depth, seconds: 1 / speed };
      if (peer.length > 0) {
        row['llama-bench'] = round(median(peer));
        row.ratio = Number((speed / median(peer)).toFixed(2));
      }
      console.error(JSON.stringify(row));
      rows.push(row);
    }
    await model.close();
  }
report('context', 'tokens/s of decoding by depth', rows);
