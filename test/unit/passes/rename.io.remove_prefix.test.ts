import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import {
  apply,
  assertIdempotent,
  assertUntouched,
  filterNamed,
  portsOf,
  sign,
} from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'rename.io.remove_prefix';
const TEXT =
  'input tico::x f32[1]\nconst tico::w f32[1] = 2\ntico::y = MUL(tico::x, tico::w)\noutput tico::y';

describe('passes/rename.io.remove_prefix', () => {
  it('hit: inputs and outputs, ports of signatures, no other tensor', () => {
    const { module, graph } = textGraph(TEXT);
    sign(module);
    const outcome = apply(module, NAME, 'tico::');
    assert.deepEqual(outcome, { changed: 2, candidates: 2, what: 'graph inputs and outputs', reasons: [] });
    assert.deepEqual(
      graph.values.map(({ name }) => name),
      ['x', 'tico::w', 'y'],
    );
    assert.deepEqual(portsOf(module), { inputs: ['x'], outputs: ['y'] });
  });

  it('a port with a name of its own keeps it', () => {
    const { module } = textGraph(TEXT);
    sign(module).signatures![0]!.inputs![0]!.name = 'tokens';
    apply(module, NAME, 'tico::');
    assert.deepEqual(portsOf(module), { inputs: ['tokens'], outputs: ['y'] });
  });

  it('near miss: no such prefix, or a name that is the prefix', () => {
    assertUntouched(textGraph(TEXT).module, /no name starts with 'onnx::'/, NAME, 'onnx::');
    assertUntouched(textGraph(TEXT).module, /no name starts with 'x'/, NAME, 'x');
    assertUntouched(textGraph('input p f32[1]\noutput p').module, /no name starts with 'p'/, NAME, 'p');
  });

  it('shared value: a name that another tensor has is left alone', () => {
    const { module, value } = textGraph(TEXT.replaceAll('tico::w', 'x'));
    const outcome = apply(module, NAME, 'tico::');
    assert.deepEqual([outcome.changed, outcome.reasons], [1, ["'x' is taken"]]);
    assert.equal(value('tico::x').name, 'tico::x');
  });

  it('numeric equality', () => {
    const { module, graph, value } = textGraph(TEXT);
    apply(module, NAME, 'tico::');
    const [x, y] = [value('tico::x'), value('tico::y')];
    assert.deepEqual([...evaluate(graph, new Map([[x, tensorFor(x, [4])]])).get(y)!.data], [8]);
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(TEXT).module, NAME, 'tico::');
  });

  it('refuses no prefix, an empty one and two', () => {
    for (const words of [[], [''], ['a', 'b']])
      assert.throws(
        () => filterNamed(NAME).prepare(words),
        (error: unknown) => error instanceof GgmaError && error.code === 'USAGE',
      );
  });
});
