/**
 * Many sequences at once: `tsx scripts/bench/batch.ts [PEERS_DIR] [--models S15,S135] [--dtypes q8_0] [--threads 2]
 * [--conc 1,4,16,64] [--rounds 3]`. Prompts of 32 tokens, 64 tokens each; total tokens/s of decoding (the time of the
 * prompts taken off) and of all. With PEERS_DIR beside llama-batched-bench, taking turns. Writes .bench/batch.json.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isa } from '../../lib/native.ts';
import type { Model } from '../../lib/runtime/index.ts';
import type { DtypeName } from './dtypes.ts';
import { ggufOf, isKit } from './kit.ts';
import { median, prepare } from './measure.ts';
import type { ModelName } from './models.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: 'string', default: 'S15,S135' },
    dtypes: { type: 'string', default: 'q8_0' },
    threads: { type: 'string', default: '2' },
    conc: { type: 'string', default: '1,4,16,64' },
    rounds: { type: 'string', default: '3' },
  },
});
const kit = positionals[0];
if (kit !== undefined && !isKit(kit)) throw new Error(`expected the directory of the peers kit, got ${kit}`);
const rows: Record<string, unknown>[] = [];
for (const model of values.models.split(',') as ModelName[]) {
  for (const dtype of values.dtypes.split(',') as DtypeName[]) {
    const { load, vocab } = prepare(model, dtype);
    const file = kit === undefined ? null : ggufOf(kit, { model, dtype });
    for (const threads of values.threads.split(',').map(Number)) {
      const loaded = await load(threads);
      await ours(loaded, vocab, 4);
      for (const count of values.conc.split(',').map(Number)) {
        const runs: Speed[] = [];
        const peer: Speed[] = [];
        for (let i = 0; i < Number(values.rounds); i++) {
          runs.push(await ours(loaded, vocab, count));
          if (kit !== undefined && file !== null) peer.push(theirs(kit, file, threads, count));
        }
        const [a, b] = [middle(runs), peer.length > 0 ? middle(peer) : null];
        const line: Record<string, unknown> = { model, dtype, threads, sequences: count };
        line.decode = Math.round(a.decode);
        line.all = Math.round(a.all);
        if (b !== null) {
          line['batched-bench decode'] = Math.round(b.decode);
          line['batched-bench all'] = Math.round(b.all);
          line['decode ratio'] = Number((a.decode / b.decode).toFixed(2));
          line['ratio of all'] = Number((a.all / b.all).toFixed(2));
        }
        console.error(JSON.stringify(line));
        rows.push(line);
      }
      await loaded.close();
    }
  }
}
console.log(`tokens/s together, ${isa()}; load ${os.loadavg()[0]}`);
console.table(rows);
mkdirSync(path.join(root, '.bench'), { recursive: true });
writeFileSync(path.join(root, '.bench/batch.json'), `${JSON.stringify({ isa: isa(), rows }, null, 1)}\n`);
