/**
 * Beside the peers, in one run, taking turns: `npm run bench:peers -- PEERS_DIR [--models T0,S15] [--dtypes f32,q8_0]
 * [--threads 1,2] [--peers llama-bench,onnxruntime-node] [--rounds 3] [--record]`. PEERS_DIR is where the peers kit was
 * set up. Prints tokens/s and ratios (ours over theirs), ours measured from JavaScript; writes .bench/peers.json.
 * `--record` adds a line to bench/history.jsonl.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isa } from '../../lib/native.ts';
import { isDtype } from './dtypes.ts';
import { type HistoryCell, record } from './history.ts';
import { buildFlags, type Cell, type Figures, ggufOf, isKit, lengthsOf, type Peer, peers } from './kit.ts';
import { median, prepare, sample } from './measure.ts';
import { architectures, type ModelName } from './models.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

interface Result extends Cell {
  isa: string;
  /** Medians over the rounds, by who ran. */
  tokensPerSecond: Record<string, Figures>;
  /** Ours over theirs, of the medians. */
  overLlamaBench: Figures;
  overBestNodePeer: Record<string, [ratio: number, peer: string]>;
  /** The load of the machine when the cell began: above one thread's worth, ratios mean little. */
  load: number;
}

/** .bench/peers.json */
export interface PeersFile {
  /** How llama.cpp was built. */
  llamaCpp: string;
  versions: Record<string, string>;
  cells: Result[];
}

const screened = 'ggma, screened';

const versions = new Map<string, string>();

function medians(rounds: readonly Figures[]): Figures {
  return Object.fromEntries(
    Object.keys(rounds[0] ?? {}).map((key) => [key, median(rounds.map((figures) => figures[key]!))]),
  );
}

async function measure(
  kit: string,
  cell: Cell,
  load: Awaited<ReturnType<typeof prepare>>['load'],
  chosen: readonly Peer[],
  rounds: number,
): Promise<Result> {
  const { vocab } = architectures[cell.model];
  const lengths = lengthsOf(cell.model);
  const busy = os.loadavg()[0]!;
  const runs = new Map<string, Figures[]>();
  const ours = new Map([['ggma', await load(cell.threads)]]);
  // Listed apart: the same tokens, but not the same work (an int8 copy of the output matrix stands before it).
  if (!cell.dtype.startsWith('q')) ours.set(screened, await load(cell.threads, 'f32', true));
  try {
    for (const model of ours.values()) await sample(model, vocab, lengths);
    for (let i = 0; i < rounds; i++) {
      for (const [name, model] of ours)
        for (let j = 0; j < (cell.model === 'T1' ? 1 : 3); j++)
          runs.set(name, [...(runs.get(name) ?? []), await sample(model, vocab, lengths)]);
      for (const peer of chosen) {
        const run = peer.run(kit, cell);
        if (run === null) continue;
        versions.set(peer.name, run.version);
        runs.set(peer.name, [...(runs.get(peer.name) ?? []), run.figures]);
      }
    }
  } finally {
    for (const model of ours.values()) await model.close();
  }
  const tokensPerSecond = Object.fromEntries([...runs].map(([name, list]) => [name, medians(list)]));
  return { ...cell, isa: isa(), tokensPerSecond, ...ratios(tokensPerSecond), load: busy };
}

/** Ours over llama-bench, and over the fastest of the Node libraries. */
function ratios(
  tokensPerSecond: Record<string, Figures>,
): Pick<Result, 'overLlamaBench' | 'overBestNodePeer'> {
  const overLlamaBench: Figures = {};
  const overBestNodePeer: Result['overBestNodePeer'] = {};
  for (const [key, ours] of Object.entries(tokensPerSecond.ggma!)) {
    const native = tokensPerSecond['llama-bench']?.[key];
    if (native !== undefined) overLlamaBench[key] = ours / native;
    const others = peers
      .filter(({ kind, name }) => kind === 'node' && tokensPerSecond[name]?.[key] !== undefined)
      .map(({ name }) => [tokensPerSecond[name]![key]!, name] as const)
      .toSorted(([a], [b]) => b - a);
    if (others[0] !== undefined) overBestNodePeer[key] = [ours / others[0][0], others[0][1]];
  }
  return { overLlamaBench, overBestNodePeer };
}

function print(result: Result): void {
  const { model, dtype, threads, tokensPerSecond, overLlamaBench, overBestNodePeer } = result;
  console.log(`\n${model} ${dtype}, threads ${threads}, ${result.isa}: tokens/s; load ${result.load}`);
  const rows = Object.entries(tokensPerSecond).map(([name, figures]) => [
    name,
    Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Number(value.toPrecision(4))])),
  ]);
  const table: Record<string, Record<string, number | string>> = Object.fromEntries(rows);
  const native = tokensPerSecond['llama-bench'];
  const apart = tokensPerSecond[screened];
  if (apart && native)
    table['screened over llama-bench'] = Object.fromEntries(
      Object.keys(apart)
        .filter((key) => key.startsWith('tg') && native[key] !== undefined)
        .map((key) => [key, `× ${(apart[key]! / native[key]!).toFixed(2)}`]),
    );
  const fixed = (figures: Figures) =>
    Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, `× ${value.toFixed(2)}`]));
  table['over llama-bench'] = fixed(overLlamaBench);
  table['over the best Node peer'] = Object.fromEntries(
    Object.entries(overBestNodePeer).map(([key, [ratio]]) => [key, `× ${ratio.toFixed(2)}`]),
  );
  console.table(table);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: 'string', default: 'T0,S15,S135' },
    dtypes: { type: 'string', default: 'f32,f16,q8_0,q4_0' },
    threads: { type: 'string', default: '1,2' },
    peers: { type: 'string', default: peers.map(({ name }) => name).join(',') },
    rounds: { type: 'string', default: '3' },
    record: { type: 'boolean', default: false },
  },
});
const kit = positionals[0];
if (!isKit(kit)) {
  console.error('expected the directory of the peers kit, with lcpp/bin/llama-bench');
  process.exitCode = 2;
} else {
  const chosen = peers.filter(({ name }) => values.peers.split(',').includes(name));
  const results: Result[] = [];
  for (const model of values.models.split(',').filter((name) => name in architectures) as ModelName[]) {
    for (const dtype of values.dtypes.split(',').filter(isDtype)) {
      if (ggufOf(kit, { model, dtype }) === null) continue;
      const { load } = prepare(model, dtype);
      for (const threads of values.threads.split(',').map(Number)) {
        const result = await measure(kit, { model, dtype, threads }, load, chosen, Number(values.rounds));
        print(result);
        results.push(result);
      }
    }
  }
  const file = path.join(root, '.bench/peers.json');
  mkdirSync(path.dirname(file), { recursive: true });
  // Cells of an earlier run stay where this one did not measure them again.
  const key = ({ model, dtype, threads }: Cell) => `${model} ${dtype} ${threads}`;
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PeersFile).cells : [];
  const cells = new Map([...before, ...results].map((result) => [key(result), result]));
  const whole: PeersFile = {
    llamaCpp: buildFlags(kit),
    versions: Object.fromEntries(versions),
    cells: [...cells.values()],
  };
  writeFileSync(file, `${JSON.stringify(whole, null, 1)}\n`);
  console.log(`\nllama.cpp built with ${whole.llamaCpp};`, whole.versions);
  if (values.record) record(results.map(historyCell), whole.versions);
}

function historyCell(result: Result): HistoryCell {
  const { model, dtype, threads, overLlamaBench, overBestNodePeer } = result;
  const best = Object.entries(overBestNodePeer).map(([key, [ratio]]) => [key, ratio]);
  return { model, dtype, threads, overLlamaBench, overBestNodePeer: Object.fromEntries(best) };
}
