/**
 * Tokens/s of one model on this machine, measured from JavaScript: `tsx scripts/bench/throughput.ts MODEL DTYPE
 * THREADS,… [--long POSITION]`. One JSON line for each number of threads; medians.
 */
import { availableIsas, createEngine, isa } from '../../lib/native.ts';
import { compile } from '../../lib/plan/index.ts';
import { Model } from '../../lib/runtime/index.ts';
import { convertMatrices, type DtypeName, dtypes } from './dtypes.ts';
import { architectures, type ModelName, randomModule } from './models.ts';

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Milliseconds of `run`: median over about a second and a half, and at least three runs, after one that warms up. */
async function time(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < 3 || (performance.now() - begin < 1500 && times.length < 25)) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return median(times);
}

function prompt(length: number, vocab: number): number[] {
  return Array.from({ length }, (_, i) => 3 + ((i * 37) % (vocab - 3)));
}

async function measure(name: ModelName, dtype: DtypeName, threads: number[], long: number): Promise<void> {
  const { vocab, context } = architectures[name];
  const module = randomModule(name);
  convertMatrices(module, dtype);
  const plan = compile(module);
  for (const count of threads) {
    const start = performance.now();
    const engine = createEngine({ threads: count });
    const model = await Model.create({ engine, plan, tokenizer: null, eosIds: [], contextSize: context });
    const line: Record<string, unknown> = { peer: 'ggma', model: name, dtype, threads: count, isa: isa() };
    line.pack_ms = Math.round(performance.now() - start);
    line.memory = model.memory();
    const run = (ids: number[], maxTokens: number) => model.complete(ids, { maxTokens, ignoreEos: true });
    for (const length of [32, 128, 512].filter((n) => n < context)) {
      const ids = prompt(length, vocab);
      line[`pp${length}`] = round((length / (await time(() => run(ids, 1)))) * 1000);
    }
    for (const tokens of [64, 128]) {
      const ids = prompt(1, vocab);
      const one = await time(() => run(ids, 1));
      line[`tg${tokens}`] = round((tokens / ((await time(() => run(ids, tokens + 1))) - one)) * 1000);
    }
    if (long > 0) {
      const ids = prompt(long, vocab);
      const decode = 32;
      const times: number[] = [];
      for (let i = 0; i < 3; i++) {
        let first = 0;
        for await (const _ of model.generate(ids, { maxTokens: decode + 1, ignoreEos: true }))
          first ||= performance.now();
        times.push(performance.now() - first);
      }
      line[`tg${decode}@${long}`] = round((decode / median(times)) * 1000);
    }
    console.log(JSON.stringify(line));
    await model.close();
  }
}

const round = (x: number): number => Number(x.toPrecision(4));

const words = process.argv.slice(2);
const longAt = words.indexOf('--long');
const long = longAt >= 0 ? Number(words.splice(longAt, 2)[1]) : 0;
const [name = 'T0', dtype = 'f32', threads = '1'] = words;
if (!(name in architectures) || !(dtype in dtypes) || !/^\d+(,\d+)*$/.test(threads)) {
  console.error(
    `expected ${Object.keys(architectures).join('|')} ${Object.keys(dtypes).join('|')} THREADS,…; sets: ${availableIsas().join(' ')}`,
  );
  process.exitCode = 2;
} else {
  await measure(name as ModelName, dtype as DtypeName, threads.split(',').map(Number), long);
}
