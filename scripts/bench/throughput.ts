/**
 * Tokens/s of one model on this machine: `tsx scripts/bench/throughput.ts MODEL DTYPE THREADS,… [--long POSITION]
 * [--kv f16] [--screen]`. One JSON line for each number of threads; medians.
 */
import { parseArgs } from 'node:util';
import { isa } from '../../lib/native.ts';
import { type DtypeName, dtypes, isDtype } from './dtypes.ts';
import { median, once, prepare, prompt, sample } from './measure.ts';
import { architectures, type ModelName } from './models.ts';

const round = (x: number): number => Number(x.toPrecision(4));

async function measure(
  name: ModelName,
  dtype: DtypeName,
  threads: number,
  long: number,
  kv: 'f32' | 'f16',
  screen: boolean,
) {
  const { load, vocab, context } = prepare(name, dtype);
  const start = performance.now();
  const model = await load(threads, kv, screen);
  const line: Record<string, unknown> = { peer: 'ggma', model: name, dtype, threads, screen, isa: isa() };
  line.pack_ms = Math.round(performance.now() - start);
  const lengths = { pp: [32, 128, 512].filter((n) => n < context), tg: [64, 128] };
  await sample(model, vocab, lengths);
  const samples: Record<string, number>[] = [];
  const begin = performance.now();
  while (samples.length < 3 || (performance.now() - begin < 5000 && samples.length < 25))
    samples.push(await sample(model, vocab, lengths));
  for (const key of Object.keys(samples[0]!)) line[key] = round(median(samples.map((s) => s[key]!)));
  if (long > 0) {
    const ids = prompt(long, vocab);
    const runs = [];
    for (let i = 0; i < 3; i++) runs.push((await once(model, ids, 64)).rest);
    line[`tg64@${long}`] = round(64 / median(runs));
  }
  line.memory = model.memory();
  console.log(JSON.stringify(line));
  await model.close();
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'string', default: '0' },
    kv: { type: 'string', default: 'f32' },
    screen: { type: 'boolean', default: false },
  },
});
const [name = 'T0', dtype = 'f32', threads = '1'] = positionals;
if (!(name in architectures) || !isDtype(dtype) || !/^\d+(,\d+)*$/.test(threads)) {
  console.error(`expected ${Object.keys(architectures).join('|')} ${dtypes.join('|')} THREADS,…`);
  process.exitCode = 2;
} else {
  for (const count of threads.split(',').map(Number))
    await measure(
      name as ModelName,
      dtype as DtypeName,
      count,
      Number(values.long),
      values.kv === 'f16' ? 'f16' : 'f32',
      values.screen,
    );
}
