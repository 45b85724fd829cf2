import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import { apply, assertIdempotent, assertUntouched, filterNamed, opsOf, sign } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'select.op';
const CHAIN = `
  input x f32[1]
  input t f32[1]
  const c f32[1] = 3
  a = MUL(x, c)
  b = NEG(a)
  d = ADD(b, a)
  e = ABS(d)
  output e
  output b`;
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe('passes/select.op', () => {
  it('hit: what the kept read from outside are inputs, what outside or the graph reads are outputs', () => {
    const { module, graph } = textGraph(CHAIN);
    sign(module);
    const outcome = apply(module, NAME, '--by_id', '1-2');
    assert.deepEqual([outcome.changed, outcome.candidates], [2, 4]);
    assert.deepEqual(opsOf(graph), ['b = NEG(a)', 'd = ADD(b, a)']);
    assert.deepEqual([names(graph.inputs), names(graph.outputs)], [['a'], ['b', 'd']]);
    assert.deepEqual(module.signatures, []);
  });

  it('hit: a selection with gaps', () => {
    const { module, graph } = textGraph(CHAIN);
    assert.equal(apply(module, NAME, '--by_id', '0,3').changed, 2);
    assert.deepEqual(
      [names(graph.inputs), names(graph.outputs)],
      [
        ['x', 'd'],
        ['a', 'e'],
      ],
    );
  });

  it('near miss: operators that are not there, or all of them', () => {
    assertUntouched(textGraph(CHAIN).module, /there is no operator 4 of 4/, NAME, '--by_id', '2-4');
    assertUntouched(textGraph(CHAIN).module, /every operator is kept/, NAME, '--by_id', '0-3');
  });

  it('shared value: a value read inside and outside is an output once', () => {
    const { module, graph } = textGraph(CHAIN);
    apply(module, NAME, '--by_id', '0-1');
    assert.deepEqual(names(graph.outputs), ['a', 'b']);
  });

  it('numeric equality: the piece computes what the whole does in its place', () => {
    const [whole, piece] = [textGraph(CHAIN), textGraph(CHAIN)];
    const all = evaluate(whole.graph, new Map([[whole.value('x'), tensorFor(whole.value('x'), [5])]]), {
      outputs: [whole.value('a'), whole.value('d')],
    });
    apply(piece.module, NAME, '--by_id', '1-2');
    const result = evaluate(piece.graph, new Map([[piece.value('a'), all.get(whole.value('a'))!]]));
    assert.deepEqual(result.get(piece.value('d'))!.data, all.get(whole.value('d'))!.data);
    assert.deepEqual([...result.get(piece.value('b'))!.data], [-15]);
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(CHAIN).module, NAME, '--by_id', '0-1');
  });

  it('refuses words that are none of its own', () => {
    for (const words of [[], ['--by_id'], ['--by_id', ''], ['--by_id', '2-1'], ['--by_id', '1;2'], ['1-2']])
      assert.throws(
        () => filterNamed(NAME).prepare(words),
        (error: unknown) => error instanceof GgmaError && error.code === 'USAGE',
        words.join(' '),
      );
  });
});
