/**
 * Decoding as the context grows: `tsx scripts/bench/context.ts [PEERS_DIR] [--model S135] [--dtype f32] [--threads 1]
 * [--depths 32,128,512,2048,8000] [--kv f32|f16] [--rounds 3]`. Tokens/s of 32 tokens behind a prompt of each length,
 * and what the time is made of: with bytes of weights and of the cache. With PEERS_DIR beside llama-bench -d, taking
 * turns (its cache holds f16: --kv f16 reads as much). Writes .bench/context.json.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isa } from '../../lib/native.ts';
import type { DtypeName } from './dtypes.ts';
import { ggufOf, isKit } from './kit.ts';
import { median, prepare, prompt } from './measure.ts';
import { architectures, type ModelName } from './models.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const tokens = 32;

function theirs(kit: string, file: string, threads: number, depth: number): number {
  const out = execFileSync(
    path.join(kit, 'lcpp/bin/llama-bench'),
    [
      ...['-m', file, '-t', String(threads), '-r', '1', '-p', '0', '-n', String(tokens)],
      ...['-d', String(depth), '-o', 'json', '-ngl', '0'],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [row] = JSON.parse(out) as { samples_ts: number[] }[];
  return median(row!.samples_ts);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'S135' },
    dtype: { type: 'string', default: 'f32' },
    threads: { type: 'string', default: '1' },
    depths: { type: 'string', default: '32,128,512,2048,8000' },
    kv: { type: 'string', default: 'f32' },
    rounds: { type: 'string', default: '3' },
  },
});
const kit = positionals[0];
if (kit !== undefined && !isKit(kit)) throw new Error(`expected the directory of the peers kit, got ${kit}`);
const name = values.model as ModelName;
const dtype = values.dtype as DtypeName;
const threads = Number(values.threads);
const kv = values.kv === 'f16' ? 'f16' : 'f32';
const a = architectures[name];
/** K and V of one position, all layers. */
const kvBytes = ((2 * a.hidden) / a.heads) * a.kvHeads * a.layers * (kv === 'f16' ? 2 : 4);
const file = kit === undefined ? null : ggufOf(kit, { model: name, dtype });
const { load, vocab, context } = prepare(name, dtype);
const model = await load(threads, kv);
const rows: Record<string, number | string>[] = [];
for (const depth of values.depths.split(',').map(Number)) {
  if (depth + tokens + 1 > context) continue;
  const ids = prompt(depth, vocab);
  const ours: number[] = [];
  const peer: number[] = [];
  for (let i = 0; i < Number(values.rounds); i++) {
    // The first chunk may carry several tokens: the time between the first and the last chunk, over what came then.
    let first = 0;
    let counted = 0;
    let last = 0;
    for await (const chunk of model.generate(ids, { maxTokens: tokens + 1, ignoreEos: true })) {
      last = performance.now();
      if (first === 0) first = last;
      else counted += chunk.ids.length;
    }
    ours.push(counted / ((last - first) / 1000));
    if (kit !== undefined && file !== null) peer.push(theirs(kit, file, threads, depth));
  }
  const speed = median(ours);
  const row: Record<string, number | string> = { depth, 'tokens/s': Number(speed.toPrecision(4)) };
  row['ms a token'] = Number((1000 / speed).toPrecision(3));
  row['cache, MB a token'] = Number(((kvBytes * depth) / 1e6).toFixed(1));
  // What the cache adds to a token, as reading speed.
  if (rows.length > 0) {
    const [short] = rows as [Record<string, number>];
    const added = 1 / speed - short['ms a token']! / 1000;
    row['cache, GB/s'] = Number(((kvBytes * (depth - short.depth!)) / added / 1e9).toFixed(1));
  }
  if (peer.length > 0) {
    row['llama-bench'] = Number(median(peer).toPrecision(4));
    row.ratio = Number((speed / median(peer)).toFixed(2));
  }
  console.error(JSON.stringify(row));
  rows.push(row);
}
await model.close();
console.log(`${name} ${dtype}, cache ${kv}, threads ${threads}, ${isa()}; load ${os.loadavg()[0]}`);
console.table(rows);
mkdirSync(path.join(root, '.bench'), { recursive: true });
writeFileSync(
  path.join(root, '.bench/context.json'),
  `${JSON.stringify({ model: name, dtype, threads, kv, isa: isa(), rows }, null, 1)}\n`,
);
