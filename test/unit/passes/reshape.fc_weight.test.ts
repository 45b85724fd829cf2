import assert from 'node:assert/strict';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import { apply, assertIdempotent, assertUntouched } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'reshape.fc_weight';
const TEXT = 'input x f32[1,2]\nconst w f32[1,1,3,2] = 1 2 3 4 5 6\ny = FULLY_CONNECTED(x, w, -)\noutput y';

describe('passes/reshape.fc_weight', () => {
  it('hit: leading ones go, bytes stay', () => {
    const { module, value } = textGraph(TEXT);
    const { buffer } = value('w');
    assert.equal(apply(module, NAME).changed, 1);
    assert.deepEqual([...value('w').shape], [3, 2]);
    assert.equal(value('w').buffer, buffer);
  });

  it('near miss: matrices, leading axes that are no ones, weights that are computed', () => {
    assertUntouched(textGraph(TEXT.replace('[1,1,3,2]', '[3,2]')).module, /every weight is a matrix/, NAME);
    const two = TEXT.replace('w f32[1,1,3,2] = 1 2 3 4 5 6', 'w f32[2,1,2] = 1 2 3 4');
    assertUntouched(textGraph(two).module, /'w' is \[2, 1, 2\]/, NAME);
    const computed = TEXT.replace('y = FULLY_CONNECTED(x, w, -)', 'n = NEG(w)\ny = FULLY_CONNECTED(x, n, -)');
    assertUntouched(textGraph(computed).module, /'n' is no constant/, NAME);
  });

  it('shared value: one that another operator reads, or that is an output, keeps its shape', () => {
    assertUntouched(textGraph(`${TEXT}\nz = NEG(w)\noutput z`).module, /'w' is also read by NEG/, NAME);
    assertUntouched(textGraph(`${TEXT}\noutput w`).module, /'w' is a graph output/, NAME);
    const twice = textGraph(`${TEXT}\nz = FULLY_CONNECTED(x, w, -)\noutput z`);
    assert.deepEqual(apply(twice.module, NAME).changed, 1);
  });

  it('numeric equality', () => {
    const [before, after] = [textGraph(TEXT), textGraph(TEXT)];
    apply(after.module, NAME);
    const run = ({ graph, value }: typeof before) =>
      evaluate(graph, new Map([[value('x'), tensorFor(value('x'), [1, 10])]])).get(value('y'))!.data;
    assert.deepEqual([...run(after)], [21, 43, 65]);
    assert.deepEqual(run(after), run(before));
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(TEXT).module, NAME);
  });
});
