import assert from 'node:assert/strict';
import { goalOf } from '../../../../scripts/bench/goals.ts';

const goals = (
  model: 'T0' | 'S15' | 'S135' | 'T1',
  dtype: 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0',
  threads: number,
  figure: string,
) => {
  const { overLlamaBench, overBestNodePeer, screened } = goalOf({ model, dtype, threads }, figure);
  return [overLlamaBench, overBestNodePeer, screened];
};

describe('goals', () => {
  it('are those of a model, dtype, number of threads and kind of figure', () => {
    assert.deepEqual(goals('T0', 'f32', 1, 'tg128'), [3.5, 5, 5]);
    assert.deepEqual(goals('T0', 'q8_0', 2, 'tg128'), [6.5, 5, null]);
    assert.deepEqual(goals('S15', 'q4_0', 1, 'tg128'), [3, 3, null]);
    assert.deepEqual(goals('S135', 'f32', 1, 'tg128'), [1.45, 1.7, null]);
    assert.deepEqual(goals('S135', 'f32', 2, 'tg128'), [1.25, 1.7, null]);
    assert.deepEqual(goals('T1', 'q8_0', 1, 'tg64'), [1.9, null, null]);
    assert.deepEqual(goals('T1', 'q8_0', 2, 'tg64'), [1.2, 2, null]);
    assert.deepEqual(goals('T0', 'f16', 2, 'pp512'), [3.5, 10, null]);
    assert.deepEqual(goals('S135', 'f16', 1, 'pp32'), [1.5, null, null]);
    assert.deepEqual(goals('T1', 'f16', 2, 'pp128'), [1.05, null, null]);
  });

  it('are none where nothing was promised', () => {
    assert.deepEqual(goals('T0', 'bf16', 4, 'tg128'), [null, null, null]);
    assert.deepEqual(goals('S15', 'bf16', 1, 'pp128'), [null, null, null]);
  });
});
