import assert from 'node:assert/strict';
import { BuiltinOperator } from '../../../../lib/circle/index.ts';
import { matchRmsNorm } from '../../../../lib/ir/match/norm.ts';
import { golden, needShared } from '../../../support/goldens.ts';
import { textGraph } from '../../../support/text-graph.ts';

const NORM = `
  input x f32[1,2,4]
  const w f32[4] = 1 2 3 4
  square = MUL(x, x)
  mean = MEAN(square, [-1])
  sum = ADD(mean, 0.5)
  root = RSQRT(sum)
  unit = MUL(x, root)
  y = MUL(w, unit)`;

function match(from: string | RegExp = '', to = '', name = 'y') {
  const { value } = textGraph(NORM.replace(from, to));
  return { norm: matchRmsNorm(value(name)), value };
}

describe('ir/norm', () => {
  it('finds input, weight, epsilon and width, operands in either order', () => {
    for (const [from, to] of [
      ['', ''],
      ['MUL(w, unit)', 'MUL(unit, w)'],
      ['MUL(x, root)', 'MUL(root, x)'],
      ['ADD(mean, 0.5)', 'ADD(0.5, mean)'],
      ['[-1]', '[2]'],
    ]) {
      const { norm, value } = match(from, to);
      assert.ok(norm, to);
      assert.deepEqual([norm.input, norm.weight, norm.epsilon, norm.width], [value('x'), value('w'), 0.5, 4]);
      assert.equal(norm.ops.length, 6);
    }
  });

  it('finds a norm whose weight was folded away', () => {
    const { norm, value } = match('', '', 'unit');
    assert.deepEqual([norm!.weight, norm!.input, norm!.ops.length], [null, value('x'), 5]);
  });

  it('is no norm with another axis, a lost axis, another operand, an activation or a computed epsilon', () => {
    for (const [from, to] of [
      ['[-1]', '[1]'],
      ['[-1]', '[1,2]'],
      ['MUL(x, x)', 'MUL(x, 2.0)'],
      ['MUL(x, root)', 'MUL(square, root)'],
      ['ADD(mean, 0.5)', 'ADD(mean, 0.5) fusedActivationFunction=1'],
      ['ADD(mean, 0.5)', 'ADD(mean, mean)'],
      ['RSQRT', 'SQRT'],
    ])
      assert.equal(match(from, to).norm, undefined, to);
  });

  it('takes a weight that varies from row to row for no weight', () => {
    const text = NORM.replace('const w f32[4] = 1 2 3 4', 'const w f32[2,4] = 1 2 3 4 5 6 7 8');
    assert.equal(matchRmsNorm(textGraph(text).value('y')), undefined);
  });

  describe('on the reference data', () => {
    before(needShared);

    it('finds every norm of probe: two per layer and the last', () => {
      const [graph] = golden('probe/decode_.circle').graphs;
      const roots = graph!.ops.filter(({ code }) => code === BuiltinOperator.RSQRT).length;
      const found = graph!.values.map(matchRmsNorm).filter((norm) => norm?.weight);
      assert.deepEqual([found.length, roots], [17, 17]);
    });
  });
});
