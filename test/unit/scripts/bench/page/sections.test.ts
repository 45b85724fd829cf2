import assert from 'node:assert/strict';
import type { PeersFile } from '../../../../../scripts/bench/compare.ts';
import { page } from '../../../../../scripts/bench/page/html.ts';
import {
  curve,
  figuresOf,
  history,
  peersSection,
  roofs,
  rowsOf,
  scaling,
  serving,
  speeds,
} from '../../../../../scripts/bench/page/sections.ts';
import type { Machine, Row, Rows } from '../../../../../scripts/bench/results.ts';
import type { Throughput } from '../../../../../scripts/bench/throughput.ts';

const machine: Machine = {
  ...{ cpu: 'a <b> CPU', cores: 2, node: 'v20', isa: 'avx2', load: 0.5 },
  date: '2026-11-24T15:00:00.000Z',
};

const throughput: Rows<Throughput> = {
  machine,
  rows: [1, 2].map((threads) => ({
    ...{ model: 'T0', dtype: 'q8_0', threads, screen: false, wide: false, kv: 'f32', packMs: 3 },
    ...{
      bytesPerToken: 2.7e6,
      weightBytes: 4.9e6,
      tokensPerSecond: { pp128: 80000, tg128: 16000 * threads },
    },
  })),
};

const limits = {
  machine,
  rows: [
    { limit: 'read' as const, isa: 'avx2', bytes: 4 * 2 ** 20, threads: 1, gbps: 50 },
    { limit: 'fma' as const, isa: 'avx2', threads: 1, gflops: 60 },
  ],
};

const context: Rows = {
  machine,
  rows: [32, 8000].map((depth): Row => ({ model: 'T0', depth, 'tokens/s': 1e6 / depth })),
};

const file: PeersFile = {
  ...{ llamaCpp: 'GGML_NATIVE=ON', versions: { 'llama-bench': 'abc' } },
  cells: [
    {
      ...{ model: 'T0', dtype: 'q8_0', threads: 1, isa: 'avx2', load: 0 },
      tokensPerSecond: { ggma: { tg128: 700 }, 'llama-bench': { tg128: 100 } },
      absent: { 'transformers.js': 'no model T0 q8_0' },
      ...{ overLlamaBench: { tg128: 7 }, overBestNodePeer: {} },
    },
  ],
};

const svgs = (html: string): number => html.split('<svg').length - 1;

describe("the benchmarks' page", () => {
  it('says of each section without figures that it was not measured', () => {
    const kind = () => '';
    const empty = [
      ...[speeds(null), roofs(throughput, null), roofs(null, limits), scaling(null), peersSection(null)],
      ...[serving(null), figuresOf('a', 'b', null), rowsOf('a', 'b', 'c', null)],
      ...[
        curve('a', 'b', null, 'x', 'y', {}, kind),
        curve('a', 'b', { machine, rows: [] }, 'x', 'y', {}, kind),
      ],
    ];
    for (const html of empty) assert.match(html, /<h2>.*Not measured yet/s);
    assert.match(history([]), /Not measured yet/);
  });

  it('draws speeds, roofline, scaling and curves, with tables of the same', () => {
    const drawn = speeds(throughput);
    assert.equal(svgs(drawn), 4); // decoding and a prompt, on 1 and on 2 threads
    assert.match(drawn, /<td class="n">32000<\/td>/);
    const roof = roofs(throughput, limits);
    assert.match(roof, /<td class="n">18500<\/td><td class="n">86<\/td>/); // 50 GB/s ÷ 2.7 MB, 16000 of them
    assert.match(roof, /60 GFLOP\/s on 1 thread\./);
    assert.equal(svgs(scaling(throughput)), 2);
    const over = curve('Context', 'x', context, 'depth', 'tokens/s', { 'tokens/s': '' }, () => 'T0');
    assert.match(over, />8000<|8,000/);
  });

  it('names who is absent beside the ratios and goals', () => {
    const html = peersSection(file);
    assert.match(html, /<td>T0 q8_0, 1 thread<\/td><td>transformers.js<\/td><td>no model T0 q8_0<\/td>/);
    assert.match(html, /<td class="n">7<\/td><td class="n">6.5<\/td>/);
  });

  it('needs nothing but itself, takes its colours from the page, and text as text', () => {
    const html = page('a & b', [speeds(throughput), peersSection(file)]);
    assert.doesNotMatch(html, /<script|<link|src=|url\(http/);
    assert.doesNotMatch(html, /#010203|rgb\(1,2,3\)/);
    assert.match(html, /fill="currentColor"/);
    assert.match(html, /prefers-color-scheme: dark/);
    assert.match(html, /a &lt;b&gt; CPU/);
    assert.match(html, /<title>a &amp; b<\/title>/);
  });
});
