/**
 * The benchmarks' page: `tsx scripts/bench/page.ts` makes .bench/index.html of what the benchmarks left in .bench and
 * of bench/history.jsonl. A section whose benchmark has not run says so.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Limit } from '../limits.ts';
import type { PeersFile } from './compare.ts';
import { readHistory } from './history.ts';
import { page } from './page/html.ts';
import {
  busyNote,
  curve,
  type Figures,
  figuresOf,
  history,
  peersSection,
  roofs,
  rowsOf,
  type Serving,
  scaling,
  serving,
  speeds,
} from './page/sections.ts';
import { load, type Rows, resultsDir } from './results.ts';
import type { Throughput } from './throughput.ts';

const throughput = load<Rows<Throughput>>('throughput');
const limits = load<Rows<Limit>>('limits');
const latency = load<Rows>('latency');
const context = load<Rows>('context');
const batch = load<Rows>('batch');
const boundary = load<Rows>('boundary');
const busy = load<Rows>('busy');
const startup = load<Rows>('startup');
const quality = load<Rows>('quality');
const demo = load<Figures>('demo');
const pipeline = load<Figures>('pipeline');
const served = load<Serving>('serving');
const command = (name: string) => `npx tsx scripts/bench/${name}.ts`;
const html = page('ggma: benchmarks', [
  `<p>Measured from JavaScript with models loaded and warm; figures are medians. Models have random weights in the
  architectures of public checkpoints. Other programs on the machine change the figures, so ratios within one run say
  more than figures of different runs.</p>`,
  busyNote({
    ...{ limits, throughput, latency, context, batch, boundary, busy, startup, demo, quality },
    ...{ serving: served, pipeline },
  }),
  speeds(throughput),
  roofs(throughput, limits),
  scaling(throughput),
  curve(
    'Latency',
    command('latency'),
    latency,
    'prompt',
    'ms',
    { 'first token p50, ms': 'first token', 'between pieces p50, ms': 'between pieces' },
    (row) => `${row.model} ${row.dtype}`,
  ),
  curve(
    'As the context grows',
    `${command('context')} [PEERS_DIR]`,
    context,
    'depth',
    'tokens/s',
    { 'tokens/s': '', 'llama-bench': 'llama-bench' },
    (row) => `${row.model} ${row.dtype}, cache ${row.kv}`,
  ),
  curve(
    'Many sequences',
    `${command('batch')} [PEERS_DIR]`,
    batch,
    'sequences',
    'tokens/s together',
    { decode: '', 'batched-bench decode': 'llama-batched-bench' },
    (row) => `${row.model} ${row.dtype}`,
  ),
  rowsOf(
    'JavaScript over the native step',
    command('boundary'),
    'All tokens in one native call, a call for each, and complete(): what the latter two take more is JavaScript.',
    boundary,
  ),
  rowsOf(
    'Beside a busy core',
    `${command('busy')} [PEERS_DIR]`,
    'Decoding while another process keeps a core busy, over one thread on a machine with nothing beside.',
    busy,
  ),
  rowsOf('Start', command('startup'), 'Whole processes and their memory.', startup),
  figuresOf('The demo', command('demo'), demo),
  rowsOf(
    'Quality',
    `${command('quality')} [PEERS_DIR]`,
    'Perplexity on held-out stories, and the divergence of each next-token distribution from that of f32.',
    quality,
  ),
  serving(served),
  figuresOf('Filters', 'npm run bench:pipeline', pipeline),
  peersSection(load<PeersFile>('peers')),
  history(readHistory()),
]);
const out = path.join(resultsDir, 'index.html');
mkdirSync(resultsDir, { recursive: true });
writeFileSync(out, html);
console.log(path.relative(process.cwd(), out));
