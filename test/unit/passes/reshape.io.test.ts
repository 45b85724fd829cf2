import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import { apply, assertIdempotent, assertUntouched, filterNamed, opsOf } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'reshape.io';
const CACHES =
  'input a f32[1,2,3]\ninput b f32[1,2,3]\ninput c f32[6]\nx = NEG(a)\nz = NEG(c)\noutput x\noutput z';

describe('passes/reshape.io', () => {
  it('hit: every input of the shape, and no output', () => {
    const { module, graph } = textGraph(CACHES);
    const before = opsOf(graph);
    const outcome = apply(module, NAME, 'input', '--by_shape', '[1,2,3]', '[1,2,4]');
    assert.deepEqual(outcome, { changed: 2, candidates: 3, what: 'graph inputs', reasons: [] });
    assert.deepEqual(
      graph.inputs.map(({ shape }) => [...shape]),
      [[1, 2, 4], [1, 2, 4], [6]],
    );
    assert.deepEqual([...graph.outputs[0]!.shape], [1, 2, 3]);
    assert.deepEqual(opsOf(graph), before);
  });

  it('hit: outputs, scalars, and shapes written with blanks or without brackets', () => {
    const { module, graph, value } = textGraph('input s i64[]\ninput a f32[1,2,3]\nx = NEG(a)\noutput x');
    assert.equal(apply(module, NAME, 'output', '--by_shape', '1, 2, 3', '[ 1, 6 ]').changed, 1);
    assert.deepEqual([...graph.outputs[0]!.shape], [1, 6]);
    assert.equal(apply(module, NAME, 'input', '--by_shape', '[]', '[1]').changed, 1);
    assert.deepEqual([...value('s').shape], [1]);
  });

  it('near miss: no input of that shape', () => {
    assertUntouched(
      textGraph(CACHES).module,
      /none of the inputs has the shape \[1, 2, 5\]/,
      NAME,
      'input',
      '--by_shape',
      '[1,2,5]',
      '[1]',
    );
  });

  it('shared value: an input that is an output too is reshaped once, for both', () => {
    const { module, graph } = textGraph('input a f32[2]\noutput a');
    assert.equal(apply(module, NAME, 'input', '--by_shape', '[2]', '[1,2]').changed, 1);
    assert.deepEqual([...graph.outputs[0]!.shape], [1, 2]);
  });

  it('changes the calling convention, not the numbers: operators and constants stay', () => {
    const { module, graph } = textGraph('input a f32[1,2]\nconst c f32[1,2] = 3 4\nx = ADD(a, c)\noutput x');
    const constants = graph.values.filter(({ isConstant }) => isConstant).map(({ buffer }) => buffer);
    apply(module, NAME, 'input', '--by_shape', '[1,2]', '[1,9]');
    assert.deepEqual(
      graph.values.filter(({ isConstant }) => isConstant).map(({ buffer }) => buffer),
      constants,
    );
    assert.deepEqual([...graph.values.find(({ isConstant }) => isConstant)!.shape], [1, 2]);
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(CACHES).module, NAME, 'input', '--by_shape', '[1,2,3]', '[1,2,4]');
  });

  it('refuses words that are none of its own', () => {
    const words = [
      [],
      ['inputs', '--by_shape', '[1]', '[2]'],
      ['input', '--by_name', '[1]', '[2]'],
      ['input', '--by_shape', '[1]'],
      ['input', '--by_shape', '[1', '[2]'],
      ['input', '--by_shape', '[1]', '[-2]'],
      ['input', '--by_shape', '[1]', '[2]', 'more'],
    ];
    for (const list of words)
      assert.throws(
        () => filterNamed(NAME).prepare(list),
        (error: unknown) =>
          error instanceof GgmaError && error.code === 'USAGE' && error.message.includes('usage: reshape.io'),
        list.join(' '),
      );
  });
});
