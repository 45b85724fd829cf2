/**
 * Beside the peers, in one run, taking turns: `npm run bench:peers -- PEERS_DIR [--models T0,S15] [--dtypes f32,q8_0]
 * [--threads 1,2] [--peers llama-bench,onnxruntime-node] [--rounds 3] [--record]`. PEERS_DIR is where the peers kit was
 * set up. Prints tokens/s, who is absent and why, and ratios (ours over theirs) beside their goals (goals.ts); ours are
 * measured from JavaScript. Writes .bench/peers.json; `--record` adds a line to bench/history.jsonl.
 */
import os from 'node:os';
import { isa } from '../../lib/native.ts';
import { keyOf, medians, type PeersFile, type Result, ratios, screened, verdicts, wide } from './compare.ts';
import { type HistoryCell, record } from './history.ts';
import { buildFlags, type Cell, type Figures, ggufOf, lengthsOf, peers } from './kit.ts';
import { prepare, sample } from './measure.ts';
import { architectures } from './models.ts';
import { count, counts, dtypesOf, flag, models, namesOf, optionsOf } from './options.ts';
import { load as loadResult, mergeBy, save } from './results.ts';
import { figuresTable, textTable } from './table.ts';

const names = peers.map(({ name }) => name);
const options = optionsOf(
  {
    models: models('T0,S15,S135'),
    dtypes: dtypesOf('f32,f16,q8_0,q4_0'),
    threads: counts('1,2'),
    peers: namesOf(names, names.join(',')),
    rounds: count('3'),
    record: flag,
  },
  'required',
);
const { kit } = options;
const chosen = peers.filter(({ name }) => options.peers.includes(name));
const versions = new Map<string, string>();

async function measure(cell: Cell, load: ReturnType<typeof prepare>['load']): Promise<Result> {
  const { vocab } = architectures[cell.model];
  const lengths = lengthsOf(cell.model);
  const busy = os.loadavg()[0]!;
  const runs = new Map<string, Figures[]>();
  const add = (name: string, figures: Figures) => runs.set(name, [...(runs.get(name) ?? []), figures]);
  const absent: Record<string, string> = {};
  const ours = new Map([['ggma', await load(cell.threads)]]);
  if (!cell.dtype.startsWith('q')) ours.set(screened, await load(cell.threads, { screen: true }));
  if (cell.dtype === 'f32') ours.set(wide, await load(cell.threads, { narrow: false }));
  try {
    for (const model of ours.values()) await sample(model, vocab, lengths);
    for (let i = 0; i < options.rounds; i++) {
      for (const [name, model] of ours)
        for (let j = 0; j < (cell.model === 'T1' ? 1 : 3); j++)
          add(name, await sample(model, vocab, lengths));
      for (const peer of chosen.filter(({ name }) => absent[name] === undefined)) {
        const run = peer.run(kit, cell);
        if ('reason' in run) absent[peer.name] = run.reason;
        else {
          versions.set(peer.name, run.version);
          add(peer.name, run.figures);
        }
      }
    }
  } finally {
    for (const model of ours.values()) await model.close();
  }
  const tokensPerSecond = Object.fromEntries([...runs].map(([name, list]) => [name, medians(list)]));
  return { ...cell, isa: isa(), tokensPerSecond, absent, ...ratios(tokensPerSecond), load: busy };
}

function print(result: Result): void {
  const { model, dtype, threads, tokensPerSecond, absent } = result;
  console.log(`\n${model} ${dtype}, threads ${threads}, ${result.isa}: tokens/s; load ${result.load}`);
  const figures = (row: Figures) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value.toPrecision(4))]));
  const rows = Object.entries(tokensPerSecond).map(([name, row]) => [name, figures(row)] as const);
  const without = Object.entries(absent).map(([name, reason]) => [name, { absent: reason }] as const);
  console.log(figuresTable(Object.fromEntries([...rows, ...without])));
}

function historyCell({ model, dtype, threads, overLlamaBench, overBestNodePeer }: Result): HistoryCell {
  const best = Object.entries(overBestNodePeer).map(([key, [ratio]]) => [key, ratio]);
  return { model, dtype, threads, overLlamaBench, overBestNodePeer: Object.fromEntries(best) };
}

/** Keeps what is there so far: a run of all cells takes hours. */
function keep(results: readonly Result[]): PeersFile {
  // The file is read each time, because another run may have added cells of its own.
  const before = loadResult<PeersFile>('peers');
  const file: PeersFile = {
    llamaCpp: buildFlags(kit),
    versions: { ...before?.versions, ...Object.fromEntries(versions) },
    cells: mergeBy(keyOf, before?.cells ?? [], results),
  };
  save('peers', file);
  return file;
}

const results: Result[] = [];
for (const model of options.models)
  for (const dtype of options.dtypes) {
    if (ggufOf(kit, { model, dtype }) === null) {
      console.log(`\n${model} ${dtype}: the kit has no model, nothing to compare with`);
      continue;
    }
    const { load } = prepare(model, dtype);
    for (const threads of options.threads) {
      const result = await measure({ model, dtype, threads }, load);
      print(result);
      results.push(result);
      keep(results);
    }
  }
const file = keep(results);
console.log('\nratios and goals');
console.log(textTable(results.flatMap(verdicts)));
const builds = Object.entries(file.versions).map(([name, version]) => `${name} ${version}`);
console.log(`llama.cpp built with ${file.llamaCpp}; ${builds.join(', ')}`);
if (options.record) record(results.map(historyCell), Object.fromEntries(versions));
