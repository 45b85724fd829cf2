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

const NAME = 'remove.io';
const THREE =
  'input x f32[1]\ninput unused f32[1]\na = NEG(x)\nb = EXP(a)\nc = ABS(a)\noutput a\noutput b\noutput c';
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe('passes/remove.io', () => {
  it('hit: outputs by name, by number and by range; signatures follow, operators stay', () => {
    for (const [words, kept] of [
      [
        ['--keep_by_name', 'a', 'c'],
        ['a', 'c'],
      ],
      [['--keep_by_id', '1'], ['b']],
      [
        ['--keep_by_id', '0,1-2'],
        ['a', 'b', 'c'],
      ],
    ] as const) {
      const { module, graph } = textGraph(THREE);
      sign(module);
      assert.equal(apply(module, NAME, 'output', ...words).changed, 3 - kept.length);
      assert.deepEqual(names(graph.outputs), [...kept]);
      assert.deepEqual(portsOf(module).outputs, [...kept]);
      assert.equal(graph.ops.length, 3);
    }
  });

  it('hit: inputs that nothing reads', () => {
    const { module, graph } = textGraph(THREE);
    sign(module);
    assert.equal(apply(module, NAME, 'input', '--keep_by_name', 'x').changed, 1);
    assert.deepEqual([names(graph.inputs), portsOf(module).inputs], [['x'], ['x']]);
  });

  it('near miss: nothing would be kept', () => {
    assertUntouched(
      textGraph(THREE).module,
      /nothing of 'subgraph' would be kept/,
      NAME,
      'output',
      '--keep_by_name',
      'z',
    );
    assertUntouched(
      textGraph(THREE).module,
      /nothing of 'subgraph' would be kept/,
      NAME,
      'output',
      '--keep_by_id',
      '3-9',
    );
  });

  it('shared value: an input that operators read cannot go', () => {
    assertUntouched(
      textGraph(THREE).module,
      /'x' is read by operators/,
      NAME,
      'input',
      '--keep_by_name',
      'unused',
    );
  });

  it('numeric equality of what is left', () => {
    const { module, graph, value } = textGraph(THREE);
    apply(module, NAME, 'output', '--keep_by_id', '1');
    const results = evaluate(graph, new Map([[value('x'), tensorFor(value('x'), [0])]]));
    assert.deepEqual([...results.keys()], [value('b')]);
    assert.deepEqual([...results.get(value('b'))!.data], [1]);
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(THREE).module, NAME, 'output', '--keep_by_name', 'a');
    assertIdempotent(textGraph(THREE).module, NAME, 'output', '--keep_by_id', '0');
  });

  it('refuses words that are none of its own', () => {
    for (const words of [
      [],
      ['both'],
      ['input'],
      ['input', '--keep_by_name'],
      ['output', '--keep_by_id', '3-1'],
      ['output', '--keep_by_id', 'a'],
      ['output', '--keep_by_id', '1', '2'],
    ])
      assert.throws(
        () => filterNamed(NAME).prepare(words),
        (error: unknown) => error instanceof GgmaError && error.code === 'USAGE',
        words.join(' '),
      );
  });
});
