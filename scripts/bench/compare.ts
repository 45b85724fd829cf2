/**
 * Beside llama-bench, in one run, taking turns: `tsx scripts/bench/compare.ts PEERS_DIR [--models T0,S15]
 * [--dtypes f32,q8_0] [--threads 1,2] [--rounds 5]`. PEERS_DIR is where the peers kit was set up (lcpp/bin/llama-bench,
 * models/NAME-DTYPE.gguf). Ours / theirs = ratio in tokens/s, ours measured from JavaScript.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isa } from '../../lib/native.ts';
import { type DtypeName, dtypes } from './dtypes.ts';
import { median, prepare, sample } from './measure.ts';
import { architectures, type ModelName } from './models.ts';

const lengths = { pp: [32, 128, 512], tg: [128] };

function llamaBench(dir: string, name: string, dtype: string, threads: number): Record<string, number> {
  const out = execFileSync(
    path.join(dir, 'lcpp/bin/llama-bench'),
    [
      ...['-m', path.join(dir, `models/${name}-${dtype}.gguf`), '-t', String(threads), '-r', '2'],
      ...['-p', lengths.pp.join(','), '-n', lengths.tg.join(','), '-o', 'json', '-ngl', '0'],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const rows = JSON.parse(out) as { n_prompt: number; n_gen: number; samples_ts: number[] }[];
  return Object.fromEntries(
    rows.map((row) => [row.n_prompt ? `pp${row.n_prompt}` : `tg${row.n_gen}`, median(row.samples_ts)]),
  );
}

async function compare(dir: string, name: ModelName, dtype: DtypeName, threads: number[], rounds: number) {
  const { load, vocab } = prepare(name, dtype);
  for (const count of threads) {
    const model = await load(count);
    await sample(model, vocab, lengths);
    const ours: Record<string, number>[] = [];
    const theirs: Record<string, number>[] = [];
    for (let i = 0; i < rounds; i++) {
      for (let j = 0; j < 2; j++) ours.push(await sample(model, vocab, lengths));
      theirs.push(llamaBench(dir, name, dtype, count));
    }
    await model.close();
    const cells = Object.keys(ours[0]!).map((key) => {
      const cell = (figure: (values: number[]) => number) => {
        const [a, b] = [ours, theirs].map((list) => figure(list.map((row) => row[key]!))) as [number, number];
        return `${a.toPrecision(4)} / ${b.toPrecision(4)} = ${(a / b).toFixed(2)}`;
      };
      // The best round says what a quiet machine would do, when another program takes turns with both.
      return [key, { median: cell(median), best: cell((values) => Math.max(...values)) }];
    });
    console.log(
      JSON.stringify({ model: name, dtype, threads: count, isa: isa(), ...Object.fromEntries(cells) }),
    );
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: 'string', default: 'T0,S15,S135' },
    dtypes: { type: 'string', default: 'f32,f16,q8_0,q4_0' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
  },
});
const dir = positionals[0];
if (dir === undefined || !existsSync(path.join(dir, 'lcpp/bin/llama-bench'))) {
  console.error('expected the directory of the peers kit, with lcpp/bin/llama-bench');
  process.exitCode = 2;
} else {
  const threads = values.threads.split(',').map(Number);
  for (const name of values.models.split(','))
    for (const dtype of values.dtypes.split(','))
      if (
        name in architectures &&
        dtype in dtypes &&
        existsSync(path.join(dir, `models/${name}-${dtype}.gguf`))
      )
        await compare(dir, name as ModelName, dtype as DtypeName, threads, Number(values.rounds));
}
