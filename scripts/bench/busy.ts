/**
 * Decoding while another process keeps a core busy: `tsx scripts/bench/busy.ts [PEERS_DIR] [--models T0,S15,S135]
 * [--dtypes f32,q8_0] [--threads 2] [--hogs 1] [--rounds 5]`. Tokens/s over those of one thread on a machine with
 * nothing beside (goal: 0.9), runs of both taking turns. With PEERS_DIR the same of node-llama-cpp. Writes
 * .bench/busy.json.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { DtypeName } from './dtypes.ts';
import { peers } from './kit.ts';
import { median, prepare, sample } from './measure.ts';
import type { ModelName } from './models.ts';
import { count, dtypesOf, models, optionsOf } from './options.ts';
import { type Row, report, round } from './results.ts';

const goal = 0.9;
const decode = 'tg128';

const options = optionsOf(
  {
    models: models('T0,S15,S135'),
    dtypes: dtypesOf('f32,q8_0'),
    threads: count(String(Math.min(2, os.availableParallelism()))),
    hogs: count('1'),
    rounds: count('5'),
  },
  'optional',
);
const { kit, threads } = options;

/** Runs `work` while `hogs` processes of this script's own spin. */
async function besideHogs<T>(work: () => T | Promise<T>): Promise<T> {
  const hogs: ChildProcess[] = Array.from({ length: options.hogs }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    await setTimeout(200); // until they spin
    return await work();
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
  }
}

async function ours(model: ModelName, dtype: DtypeName): Promise<[alone: number, busy: number]> {
  const { load, vocab } = prepare(model, dtype);
  const [one, several] = [await load(1), await load(threads)];
  const speed = async (loaded: typeof one) => {
    // A sample may be short beside a slice of the scheduler's time: several, and their median.
    const runs: number[] = [];
    const start = performance.now();
    while (runs.length === 0 || performance.now() - start < 1000)
      runs.push((await sample(loaded, vocab, { pp: [], tg: [128] }))[decode]!);
    return median(runs);
  };
  const [alone, busy]: [number[], number[]] = [[], []];
  await speed(one);
  await speed(several);
  for (let i = 0; i < options.rounds; i++) {
    alone.push(await speed(one));
    busy.push(await besideHogs(() => speed(several)));
  }
  await one.close();
  await several.close();
  return [median(alone), median(busy)];
}

/** node-llama-cpp, a process for each run; null where it has no such model. */
async function theirs(
  dir: string,
  model: ModelName,
  dtype: DtypeName,
): Promise<[alone: number, busy: number] | null> {
  const peer = peers.find(({ name }) => name === 'node-llama-cpp')!;
  const speed = (number: number) => {
    const run = peer.run(dir, { model, dtype, threads: number });
    return 'figures' in run ? (run.figures[decode] ?? null) : null;
  };
  const [alone, busy] = [speed(1), await besideHogs(() => speed(threads))];
  return alone === null || busy === null ? null : [alone, busy];
}

const rows: Row[] = [];
for (const model of options.models)
  for (const dtype of options.dtypes) {
    const [alone, busy] = await ours(model, dtype);
    const row: Row = {
      ...{ model, dtype },
      '1 thread alone, tokens/s': round(alone),
      [`${threads} threads beside ${options.hogs} busy, tokens/s`]: round(busy),
      ratio: Number((busy / alone).toFixed(2)),
      goal,
    };
    const peer = kit === null ? null : await theirs(kit, model, dtype);
    if (peer !== null) {
      row['node-llama-cpp, 1 thread alone'] = round(peer[0]);
      row['node-llama-cpp, beside busy'] = round(peer[1]);
      row['its ratio'] = Number((peer[1] / peer[0]).toFixed(2));
    }
    console.error(JSON.stringify(row));
    rows.push(row);
  }
report(
  'busy',
  `decoding with ${threads} threads beside ${options.hogs} busy core(s), over one thread alone`,
  rows,
);
