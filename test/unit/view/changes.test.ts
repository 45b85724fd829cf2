import assert from 'node:assert/strict';
import { collect } from '../../../lib/view/collect.ts';
import { textGraph } from '../../support/text-graph.ts';

function changesOf(before: string, after: string): string[] {
  const [first, second] = [before, after].map((text) => textGraph(text).module);
  const { graphs } = collect({ name: 'before', module: first! }, { name: 'after', module: second! });
  return graphs[0]!.changes.map(({ title, nodes }) => `${title}: ${nodes.length}`);
}

const text = (...middle: string[]) =>
  ['input x f32[1,4]', 'input y f32[1,4]', 'a = NEG(x)', ...middle, 'output d'].join('\n');

describe('view/changes', () => {
  it('is empty for equal graphs', () => {
    const same = text('d = ABS(a)');
    assert.deepEqual(changesOf(same, same), []);
  });

  it('puts operators that went together with what came in their place', () => {
    const before = text('b = ABS(a)', 'c = NEG(b)', 'd = ADD(c, y)');
    const after = text('c = MUL(a, 2.0)', 'd = ADD(c, y)');
    assert.deepEqual(changesOf(before, after), ['2 operators → MUL: 3']);
  });

  it('tells apart what was put in, taken out and changed, at places of their own', () => {
    const before = text('b = ABS(a)', 'c = ADD(b, y)', 'd = MUL(c, c)');
    assert.deepEqual(changesOf(before, text('b = ABS(a)', 'c = ADD(b, y)', 'n = NEG(c)', 'd = MUL(n, n)')), [
      '+ NEG: 1',
    ]);
    assert.deepEqual(changesOf(before, text('c = ADD(a, y)', 'd = MUL(c, c)')), ['− ABS: 1']);
    assert.deepEqual(
      changesOf(before, text('b = ABS(a)', 'c = ADD(b, y) fusedActivationFunction=RELU', 'd = MUL(c, c)')),
      ['ADD changed: 1'],
    );
  });
});
