/**
 * Tokens/s of models with random weights: `tsx scripts/bench/throughput.ts [--models T0,S15,S135] [--dtypes f32,q8_0]
 * [--threads 1,2] [--rounds 3] [--kv f32,f16] [--screen] [--wide] [--add]`. Prompts (pp) and decoding (tg) by length,
 * medians and how far the repeats lie apart; it prints a JSON line for each row as soon as it has it, then the table.
 * --wide keeps f32 matrices as f32, though bf16 holds these. Writes .bench/throughput.json; with --add, rows of an
 * earlier run that this one did not measure stay there.
 */
import type { KvDtype } from '../../lib/native.ts';
import type { DtypeName } from './dtypes.ts';
import { lengthsOf } from './kit.ts';
import { median, prepare, sample, spread } from './measure.ts';
import { bytesPerToken, type ModelName } from './models.ts';
import { coresUpTo, count, counts, dtypesOf, flag, kvOf, models, optionsOf } from './options.ts';
import { mergeBy, type Rows, load as readResult, report, round } from './results.ts';

export interface Throughput {
  model: ModelName;
  dtype: DtypeName;
  threads: number;
  screen: boolean;
  wide: boolean;
  kv: KvDtype;
  /** Weights that a decoded token reads. */
  bytesPerToken: number;
  /** Packed weights. */
  weightBytes: number;
  packMs: number;
  /** Tokens/s: pp32 is a prompt of 32 tokens, tg128 the 128 tokens behind the first. */
  tokensPerSecond: Record<string, number>;
  /** Of the repeats of the figure that varied most (`spread` in measure.ts); absent in older files. */
  spread?: number;
}

const keyOf = ({ model, dtype, threads, kv, screen, wide }: Throughput): string =>
  [model, dtype, threads, kv, screen, wide].join(' ');

/** Seconds that a cell may take beyond its rounds, to have more of them where runs are short. */
const seconds = 3;

async function main(): Promise<void> {
  const options = optionsOf(
    {
      models: models('T0,S15,S135'),
      dtypes: dtypesOf('f32,f16,q8_0,q4_0'),
      threads: counts(coresUpTo()),
      rounds: count('3'),
      kv: kvOf('f32'),
      screen: flag,
      wide: flag,
      add: flag,
    },
    'none',
  );
  const before = options.add ? (readResult<Rows<Throughput>>('throughput')?.rows ?? []) : [];
  const rows: Throughput[] = [];
  for (const name of options.models)
    for (const dtype of options.dtypes) {
      const { load, vocab } = prepare(name, dtype);
      for (const [threads, kv] of options.threads.flatMap((n) => options.kv.map((kv) => [n, kv] as const))) {
        const start = performance.now();
        const model = await load(threads, { kvDtype: kv, screen: options.screen, narrow: !options.wide });
        const packMs = Math.round(performance.now() - start);
        const lengths = lengthsOf(name);
        await sample(model, vocab, { pp: lengths.pp.slice(0, 1), tg: lengths.tg });
        const samples: Record<string, number>[] = [];
        const begin = performance.now();
        while (
          samples.length < options.rounds ||
          (performance.now() - begin < 1000 * seconds && samples.length < 25)
        )
          samples.push(await sample(model, vocab, lengths));
        const keys = Object.keys(samples[0]!);
        const row: Throughput = {
          ...{ model: name, dtype, threads, screen: options.screen, wide: options.wide, kv, packMs },
          bytesPerToken: bytesPerToken(name, dtype === 'f32' && !options.wide ? 'bf16' : dtype),
          weightBytes: model.memory().weightBytes,
          tokensPerSecond: Object.fromEntries(
            keys.map((key) => [key, round(median(samples.map((one) => one[key]!)))]),
          ),
          spread: round(Math.max(...keys.map((key) => spread(samples.map((one) => one[key]!)))), 2),
        };
        console.error(JSON.stringify(row));
        rows.push(row);
        await model.close();
      }
    }
  report(
    'throughput',
    'tokens/s',
    mergeBy(keyOf, before, rows),
    ({ model, dtype, threads, kv, tokensPerSecond, weightBytes, spread }) => ({
      ...{ model, dtype, threads, kv },
      ...tokensPerSecond,
      'weights, MB': round(weightBytes / 1e6, 3),
      'spread, %': spread === undefined ? null : Math.round(100 * spread),
    }),
  );
}

await main();
