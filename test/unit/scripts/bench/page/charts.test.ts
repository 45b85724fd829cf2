import assert from 'node:assert/strict';
import {
  bars,
  legendRows,
  lines,
  nameOf,
  short,
  threadsOf,
} from '../../../../../scripts/bench/page/charts.ts';

const heightOf = (svg: string): number => Number(/height="(\d+)"/.exec(svg)![1]);

describe('plots', () => {
  it('have room for all rows of their legend', () => {
    assert.equal(legendRows([]), 1);
    assert.equal(legendRows(['f32', 'f16', 'q8_0']), 1);
    const many = Array.from({ length: 12 }, (_, i) => `S135 q4_0, ${i} threads`);
    assert.equal(legendRows(many), 3);
    const line = (name: string) => ({ name, points: [[1, 2] as const, [2, 3] as const] });
    const [few, all] = [lines('y', 'x', [line('f32')]), lines('y', 'x', many.map(line))];
    assert.equal(heightOf(all) - heightOf(few), 84);
    for (const name of many) assert.ok(all.includes(`>${name}<`), name);
  });

  it('leave a gap where nothing was measured', () => {
    const svg = bars('tokens/s', ['a', 'b'], [{ name: 'f32', values: [100, null] }]);
    assert.match(svg, />tokens\/s</);
    assert.match(svg, />a<.*>b</s);
    assert.doesNotMatch(svg, /NaN/);
  });

  it('have the value on each bar', () => {
    const values = [21332, 17632, 999.6, 88.25, 0.1234];
    const labels = ['21.3k', '17.6k', '1k', '88.3', '0.123'];
    assert.deepEqual(values.map(short), labels);
    const svg = bars(
      'tokens/s',
      ['a'],
      values.map((value, i) => ({ name: `s${i}`, values: [value] })),
    );
    for (const label of labels) assert.ok(svg.includes(`>${label}<`), label);
    const many = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const narrow = bars('tokens/s', many, [{ name: 's', values: many.map((_, i) => 100 + i) }]);
    for (let i = 0; i < 20; i++) assert.ok(narrow.includes(`>${100 + i}<`), `${i}`);
    const crowded = bars(
      'u',
      many,
      Array.from({ length: 7 }, (_, s) => ({ name: `s${s}`, values: many.map((_, i) => 1000 * s + i + 1) })),
    );
    assert.equal(crowded.split('<svg').length - 1, 4);
    for (const name of many) assert.equal(crowded.split(`>${name}<`).length, 2, name);
    assert.match(bars('u', ['a'], [{ name: 's', values: [null] }]), /^<svg(?!.*>NaN<)/s);
  });

  it('name cells as people do', () => {
    assert.deepEqual([threadsOf(1), threadsOf(2)], ['1 thread', '2 threads']);
    assert.equal(nameOf({ model: 'T0', dtype: 'f32', threads: 2 }), 'T0 f32, 2 threads');
  });
});
