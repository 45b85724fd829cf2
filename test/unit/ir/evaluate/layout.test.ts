import assert from 'node:assert/strict';
import { gives, numbersOf, run } from '../../../support/evaluated.ts';

describe('ir/evaluate, moving elements', () => {
  const x = 'const x f32[2,3] = 1 2 3 4 5 6\n';

  it('reshapes, with one size left open', () => {
    gives(`${x}y = RESHAPE(x, [3,-1])`, [3, 2], [1, 2, 3, 4, 5, 6]);
    gives('const x f32[1,2,1] = 1 2\ny = SQUEEZE(x)', [2], [1, 2]);
    gives('const x f32[1,2,1] = 1 2\ny = SQUEEZE(x) squeezeDims=[-1]', [1, 2], [1, 2]);
    gives('const x f32[2] = 1 2\ny = EXPAND_DIMS(x, -1)', [2, 1], [1, 2]);
  });

  it('transposes', () => {
    gives(`${x}y = TRANSPOSE(x, [1,0])`, [3, 2], [1, 4, 2, 5, 3, 6]);
    gives('const x f32[1,2,2] = 1 2 3 4\ny = TRANSPOSE(x, [2,0,1])', [2, 1, 2], [1, 3, 2, 4]);
    gives('const x f32[2,1,2] = 1 2 3 4\ny = TRANSPOSE(x, [1,0,2])', [1, 2, 2], [1, 2, 3, 4]);
  });

  it('slices with strides, masks and negative bounds', () => {
    gives(`${x}y = STRIDED_SLICE(x, [0,1], [2,3], [1,1])`, [2, 2], [2, 3, 5, 6]);
    gives(`${x}y = STRIDED_SLICE(x, [0,-1], [2,-4], [1,-1])`, [2, 3], [3, 2, 1, 6, 5, 4]);
    gives(`${x}y = STRIDED_SLICE(x, [1,0], [2,3], [1,2]) shrinkAxisMask=1`, [2], [4, 6]);
    gives(`${x}y = STRIDED_SLICE(x, [1,2], [0,0], [1,1]) beginMask=1 endMask=3`, [2, 1], [3, 6]);
    gives(`${x}y = STRIDED_SLICE(x, [0,1], [1,2], [1,1]) offset=true`, [1, 2], [2, 3]);
    gives(`${x}y = SLICE(x, [1,0], [1,-1])`, [1, 3], [4, 5, 6]);
  });

  it('joins, splits and repeats', () => {
    gives(`${x}y = CONCATENATION(x, x) axis=-1`, [2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
    gives(`${x}y = CONCATENATION(x, x) axis=0`, [4, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
    gives('const a f32[2] = 1 2\nconst b f32[2] = 3 4\ny = PACK(a, b) axis=1', [2, 2], [1, 3, 2, 4]);
    gives('const a f32[2,1,2] = 1 2 3 4\ny = BROADCAST_TO(a, [2,2,2])', [2, 2, 2], [1, 2, 1, 2, 3, 4, 3, 4]);
    const parts = run(`${x}a, b, c = SPLIT(1, x)\noutput a\noutput b\noutput c`);
    assert.deepEqual(parts.map(numbersOf), [
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it('gathers rows', () => {
    gives(`${x}const i i64[1,2] = 1 0\ny = GATHER(x, i)`, [1, 2, 3], [4, 5, 6, 1, 2, 3]);
    gives(`${x}const i i32[2] = 2 0\ny = GATHER(x, i) axis=1`, [2, 2], [3, 1, 6, 4]);
    gives(`${x}const i i32[2,1] = 2 0\ny = GATHER(x, i) axis=1 batchDims=1`, [2, 1], [3, 4]);
    assert.throws(
      () => run(`${x}const i i32[1] = 2\ny = GATHER(x, i)\noutput y`),
      /SHAPE|index below 2, got 2/,
    );
  });
});
