import assert from 'node:assert/strict';
import { bars, legendRows, lines, nameOf, threadsOf } from '../../../../../scripts/bench/page/charts.ts';

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

  it('name cells as people do', () => {
    assert.deepEqual([threadsOf(1), threadsOf(2)], ['1 thread', '2 threads']);
    assert.equal(nameOf({ model: 'T0', dtype: 'f32', threads: 2 }), 'T0 f32, 2 threads');
  });
});
