import assert from 'node:assert/strict';
import { Labels } from '../../../../lib/ir/diff/labels.ts';
import { Pairing } from '../../../../lib/ir/diff/pairing.ts';
import { Votes } from '../../../../lib/ir/diff/votes.ts';
import { type TextGraph, textGraph } from '../../../support/text-graph.ts';

/** Pairs that votes give, where the operators named in `known` are pairs already. */
function voted(before: string, after: string, known: readonly string[] = [], isLoose = false): string[] {
  const [a, b] = [textGraph(before), textGraph(after)];
  const labels = new Labels();
  const pairing = new Pairing(a.graph, b.graph);
  const op = (of: TextGraph, name: string) => of.value(name).producer!;
  for (const name of known) pairing.pair(op(a, name), op(b, name));
  new Votes(pairing, isLoose ? (one) => labels.call(one) : (one) => labels.kind(one), (one) =>
    labels.kind(one),
  ).count();
  return [...pairing.ops].map(([x, y]) => `${x.output!.name} ${y.output!.name}`).sort();
}

describe('ir/diff/votes', () => {
  it('go from inputs down and from outputs up', () => {
    const text = (middle: string) => `input x f32[1]\na = NEG(x)\n${middle}\nc = ABS(b)\noutput c`;
    assert.deepEqual(voted(text('b = NEG(a)'), text('b = ABS(a)')), ['a a', 'c c']);
  });

  it('prefer the operator that reads the same to the one that is read at the same place', () => {
    // The sums d all look alike, and d2 is gone: what reads d2 reads d1 now.
    const sum = (k: number, stream: string) => `c${k} = MUL(${stream}, 2.0)\nd${k} = ADD(${stream}, c${k})`;
    const stack = (list: readonly number[], first: string) => {
      const lines = ['input x f32[1]', `s = ${first}(x)`];
      let stream = 's';
      for (const k of list) {
        lines.push(sum(k, stream));
        stream = `d${k}`;
      }
      return [...lines, `output ${stream}`].join('\n');
    };
    const pairs = voted(stack([1, 2, 3], 'NEG'), stack([1, 3], 'ABS'), ['c1', 'c3']);
    assert.deepEqual(pairs, ['c1 c1', 'c3 c3', 'd1 d1', 'd3 d3']);
  });

  it('leave alone what two candidates fit as well', () => {
    const before = 'input x f32[1]\na = NEG(x)\nb = NEG(x)\noutput x';
    const after = 'input x f32[1]\nc = NEG(x)\nd = NEG(x)\noutput x';
    assert.deepEqual(voted(before, after), []);
    // As soon as one of them is taken, the other is the only one left.
    assert.deepEqual(voted(before, before, ['a']), ['a a', 'b b']);
  });

  it('pair operators of another kind only if asked to, the same kind first', () => {
    const text = (list: string) => `input x f32[1]\n${list}\noutput x`;
    const before = text('a = MUL(x, 2.0)');
    assert.deepEqual(voted(before, text('b = MUL(x, 3.0)')), []);
    assert.deepEqual(voted(before, text('b = MUL(x, 3.0)'), [], true), ['a b']);
    assert.deepEqual(voted(before, text('b = MUL(x, 3.0)\nc = MUL(x, 2.0)'), [], true), ['a c']);
  });
});
