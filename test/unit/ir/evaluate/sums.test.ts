import assert from 'node:assert/strict';
import { erf } from '../../../../lib/ir/evaluate/math.ts';
import { gives, run } from '../../../support/evaluated.ts';

describe('ir/evaluate, sums', () => {
  it('multiplies matrices, sides transposed or in batches', () => {
    const sides = 'const a f32[2,2] = 1 2 3 4\nconst b f32[2,2] = 5 6 7 8\n';
    gives(`${sides}y = BATCH_MATMUL(a, b)`, [2, 2], [19, 22, 43, 50]);
    gives(`${sides}y = BATCH_MATMUL(a, b) adjointRhs=true`, [2, 2], [17, 23, 39, 53]);
    gives(`${sides}y = BATCH_MATMUL(a, b) adjointLhs=true`, [2, 2], [26, 30, 38, 44]);
    gives(
      'const a f32[2,1,1] = 2 3\nconst b f32[1,1,2] = 10 20\ny = BATCH_MATMUL(a, b)',
      [2, 1, 2],
      [20, 40, 30, 60],
    );
  });

  it('connects fully, with and without a bias', () => {
    const operands =
      'const x f32[1,2,2] = 1 2 3 4\nconst w f32[3,2] = 1 0 0 1 1 1\nconst b f32[3] = 10 20 30\n';
    gives(`${operands}y = FULLY_CONNECTED(x, w, -)`, [1, 2, 3], [1, 2, 3, 3, 4, 7]);
    gives(`${operands}y = FULLY_CONNECTED(x, w, b)`, [1, 2, 3], [11, 22, 33, 13, 24, 37]);
    gives(`${operands}y = FULLY_CONNECTED(x, w, -) keepNumDims=false`, [2, 3], [1, 2, 3, 3, 4, 7]);
  });

  it('reduces over any axes', () => {
    const x = 'const x f32[2,2,2] = 1 2 3 4 5 6 7 8\n';
    gives(`${x}y = MEAN(x, [-1])`, [2, 2, 1], [1.5, 3.5, 5.5, 7.5]);
    gives(`${x}y = SUM(x, [0,2]) keepDims=false`, [2], [14, 22]);
  });

  it('normalises', () => {
    gives('const x f32[1,2] = 0 1\ny = SOFTMAX(x)', [1, 2], [1 / (1 + Math.E), Math.E / (1 + Math.E)]);
    gives('const x f32[1,2] = 1000 -3e38\ny = SOFTMAX(x)', [1, 2], [1, 0]);
    gives(
      'const x f32[1,2] = 0 1\ny = SOFTMAX(x) beta=2',
      [1, 2],
      [1 / (1 + Math.E ** 2), 1 / (1 + Math.E ** -2)],
    );
    gives(
      'const x f32[1,2] = 3 4\nconst w f32[2] = 1 2\ny = RMS_NORM(x, w)',
      [1, 2],
      [3 / 12.5 ** 0.5, 8 / 12.5 ** 0.5],
    );
  });

  it('rotates halves', () => {
    const rows =
      'const x f32[1,1,1,4] = 1 2 3 4\nconst s f32[1,1,1,4] = 0 1 0 1\nconst c f32[1,1,1,4] = 1 0 1 0\n';
    gives(`${rows}y = ROPE(x, s, c)`, [1, 1, 1, 4], [1, -4, 3, 2]);
    assert.throws(() => run(`${rows}y = ROPE(x, s, c) mode=1\noutput y`), /interleaved/);
  });

  it('has the error function to 1e-15', () => {
    // Abramowitz & Stegun, table 7.1, and erfc beyond.
    const known: [number, number][] = [
      [0, 0],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [2.5, 0.999593047982555],
      [3, 0.9999779095030014],
      [7, 1],
    ];
    for (const [x, y] of known) {
      assert.ok(Math.abs(erf(x) - y) < 1e-14, `erf(${x})`);
      assert.ok(Math.abs(erf(-x) + y) < 1e-14, `erf(-${x})`);
    }
  });
});
