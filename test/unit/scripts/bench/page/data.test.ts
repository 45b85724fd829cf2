import assert from 'node:assert/strict';
import {
  byModel,
  curves,
  overSize,
  overThreads,
  readingSpeed,
  roofline,
  rooflineLines,
} from '../../../../../scripts/bench/page/data.ts';
import type { Throughput } from '../../../../../scripts/bench/throughput.ts';
import type { Limit } from '../../../../../scripts/limits.ts';

const cell = (
  model: Throughput['model'],
  dtype: Throughput['dtype'],
  threads: number,
  bytesPerToken: number,
  tg128: number,
): Throughput => ({
  ...{
    model,
    dtype,
    threads,
    bytesPerToken,
    screen: false,
    wide: false,
    kv: 'f32',
    weightBytes: bytesPerToken,
    packMs: 1,
  },
  tokensPerSecond: { pp128: 10 * tg128, tg128 },
});

const rows = [
  cell('T0', 'f32', 1, 8e6, 1000),
  cell('T0', 'f32', 2, 8e6, 1500),
  cell('T0', 'q8_0', 1, 2e6, 4000),
  cell('S15', 'f32', 1, 60e6, 100),
];

const limits: Limit[] = [
  { limit: 'read', isa: 'avx2', bytes: 64 * 2 ** 20, threads: 1, gbps: 12 },
  { limit: 'read', isa: 'avx2', bytes: 4 * 2 ** 20, threads: 1, gbps: 50 },
  { limit: 'read', isa: 'avx2', bytes: 16384, threads: 1, gbps: 100 },
  { limit: 'read', isa: 'avx2', bytes: 64 * 2 ** 20, threads: 2, gbps: 20 },
  { limit: 'fma', isa: 'avx2', threads: 1, gflops: 60 },
];

describe("the data of the page's plots", () => {
  it('has a group a model and a bar a dtype, with gaps where nothing was measured', () => {
    const { models, series } = byModel(rows, 1, ({ tokensPerSecond }) => tokensPerSecond.tg128!);
    assert.deepEqual(models, ['T0', 'S15']);
    assert.deepEqual(series, [
      { name: 'f32', values: [1000, 100] },
      { name: 'q8_0', values: [4000, null] },
    ]);
  });

  it('keeps apart what was measured in another way', () => {
    const others = [
      { ...rows[0]!, wide: true, tokensPerSecond: { tg128: 500 } },
      { ...rows[0]!, screen: true, kv: 'f16' as const, tokensPerSecond: { tg128: 2000 } },
    ];
    const { series } = byModel([...rows, ...others], 1, ({ tokensPerSecond }) => tokensPerSecond.tg128!);
    assert.deepEqual(series.slice(2), [
      { name: 'f32, wide', values: [500, null] },
      { name: 'f32, screened, f16 cache', values: [2000, null] },
    ]);
    assert.equal(roofline(others, limits)[0]!.cell, 'T0 f32, wide');
  });

  it('takes the smallest working set that holds the weights, or the largest', () => {
    assert.equal(readingSpeed(limits, 1e4, 1), 100);
    assert.equal(readingSpeed(limits, 2e6, 1), 50);
    assert.equal(readingSpeed(limits, 8e6, 1), 12);
    assert.equal(readingSpeed(limits, 1e9, 1), 12);
    assert.equal(readingSpeed(limits, 1e9, 4), null);
  });

  it('sets the speed beside what reading allows', () => {
    const [first, second] = roofline(rows, limits);
    assert.deepEqual(first, {
      ...{ cell: 'T0 f32', threads: 1, 'MB a token': 8, 'GB/s reached': 8, 'GB/s of the machine': 12 },
      ...{ 'tokens/s': 1000, 'bound, tokens/s': 1500, '% of the bound': 67 },
    });
    assert.equal(second!['GB/s of the machine'], 20);
    assert.deepEqual(rooflineLines(rows, limits, 1), [
      {
        name: 'the machine',
        points: [
          [67.1, 12],
          [4.19, 50],
        ],
        dashed: true,
      },
      {
        name: 'f32',
        points: [
          [8, 8],
          [60, 6],
        ],
      },
      { name: 'q8_0', points: [[2, 8]] },
    ]);
  });

  it('has curves over threads, sizes and anything else', () => {
    assert.deepEqual(overThreads(rows), [
      {
        name: 'T0 f32',
        points: [
          [1, 1],
          [2, 1.5],
        ],
      },
    ]);
    assert.deepEqual(overSize(rows, 1)[0], {
      name: 'f32',
      points: [
        [8, 1000],
        [60, 100],
      ],
    });
    const context = [
      { kv: 'f32', depth: 32, 'tokens/s': 9 },
      { kv: 'f32', depth: 64, 'tokens/s': 8, 'llama-bench': 4 },
      { kv: 'f16', depth: 32, 'tokens/s': 10 },
    ];
    const names = { 'tokens/s': '', 'llama-bench': 'llama-bench' };
    assert.deepEqual(
      curves(context, 'depth', names, ({ kv }) => `cache ${kv}`),
      [
        {
          name: 'cache f32',
          points: [
            [32, 9],
            [64, 8],
          ],
        },
        { name: 'cache f32 llama-bench', points: [[64, 4]] },
        { name: 'cache f16', points: [[32, 10]] },
      ],
    );
  });
});
