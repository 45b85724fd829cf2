import assert from 'node:assert/strict';
import { percentile } from '../../../../scripts/bench/measure.ts';
import { mergeBy, round } from '../../../../scripts/bench/results.ts';

describe('results of benchmarks', () => {
  it('stay where a later run did not measure them again', () => {
    const before = [
      { name: 'a', speed: 1 },
      { name: 'b', speed: 2 },
    ];
    const now = [
      { name: 'b', speed: 3 },
      { name: 'c', speed: 4 },
    ];
    assert.deepEqual(
      mergeBy(({ name }) => name, before, now).map(({ name, speed }) => `${name}${speed}`),
      ['a1', 'b3', 'c4'],
    );
  });

  it('are rounded to digits that count', () => {
    assert.deepEqual([round(12345.6), round(0.00123456, 3)], [12350, 0.00123]);
  });

  it('have percentiles of ranks', () => {
    const values = [5, 1, 4, 2, 3];
    assert.deepEqual(
      [0, 20, 50, 95, 100].map((p) => percentile(values, p)),
      [1, 1, 3, 5, 5],
    );
  });
});
