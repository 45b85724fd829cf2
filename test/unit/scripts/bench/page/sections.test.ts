import assert from 'node:assert/strict';
import type { PeersFile } from '../../../../../scripts/bench/compare.ts';
import { page } from '../../../../../scripts/bench/page/html.ts';
import {
  busyNote,
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
    assert.match(drawn, /<td class="n">32,000<\/td>/);
    const roof = roofs(throughput, limits);
    assert.match(roof, /<td class="n">18,500<\/td><td class="n">86<\/td>/); // 50 GB/s ÷ 2.7 MB, 16000 of them
    assert.match(roof, /60 GFLOP\/s on 1 thread\./);
    assert.equal(svgs(scaling(throughput)), 2);
    const over = curve('Context', 'x', context, 'depth', 'tokens/s', { 'tokens/s': '' }, () => 'T0');
    assert.match(over, />8000<|8,000/);
  });

  it('says which figures mean little, because the machine was busy or the repeats differ', () => {
    const on = (others: number | null): Machine => ({ ...machine, others });
    const note = /class="warn"[^>]*>Too busy: other programs used 43 % of the machine meanwhile/;
    assert.match(speeds({ ...throughput, machine: on(0.43) }), note);
    assert.match(rowsOf('a', 'b', 'c', { machine: on(0.43), rows: context.rows }), note);
    assert.match(speeds({ ...throughput, machine: on(0.03) }), /used 3 % of the machine/);
    assert.match(speeds(throughput), /how busy the machine was with other programs is not known/);
    for (const calm of [speeds(throughput), speeds({ ...throughput, machine: on(0.03) })])
      assert.doesNotMatch(calm, /class="warn"/);
    const spreads = [0.02, 0.31];
    const rows = throughput.rows.map((row, i) => ({ ...row, spread: spreads[i]! }));
    const uneven = speeds({ machine: on(0), rows });
    assert.match(uneven, /class="warn"[^>]*>In 1 of 2 rows the repeats of a figure differ by more than 15 %/);
    assert.match(uneven, /<td class="n">31<\/td>/);

    const files = {
      limits: { machine: on(0.4) },
      demo: { machine: on(0.01) },
      batch: null,
      old: { machine },
    };
    assert.match(busyNote(files), /class="warn"[^>]*>The machine was too busy .*: limits \(40 %\)\./);
    assert.equal(busyNote({ demo: { machine: on(0.01) } }), '');
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
