import assert from 'node:assert/strict';
import { Labels } from '../../../../lib/ir/diff/labels.ts';
import { textGraph } from '../../../support/text-graph.ts';

const { graph, value } = textGraph(`
input x f32[1,4]
const w f32[4,4] = random 1
const v f32[4,4] = random 1
const u f32[4,4] = random 2
a = FULLY_CONNECTED(x, w, -)
b = FULLY_CONNECTED(x, v, -)
c = FULLY_CONNECTED(x, u, -)
d = FULLY_CONNECTED(a, w, -)
e = ADD(a, b)
f = ADD(a, b) fusedActivationFunction=RELU
g = ADD(b, a)
h = ADD(c, a)
output h`);
const op = (name: string) => value(name).producer!;

describe('ir/diff/labels', () => {
  const labels = new Labels();
  const kind = (name: string) => labels.kind(op(name));

  it('give one kind to operators with the same options and constants, whatever they read', () => {
    assert.equal(kind('a'), kind('b'));
    assert.equal(kind('a'), kind('d'));
    assert.notEqual(kind('a'), kind('c'));
    assert.notEqual(kind('e'), kind('f'));
    assert.equal(kind('e'), kind('g'));
    assert.equal(labels.call(op('e')), labels.call(op('f')));
    assert.notEqual(labels.call(op('a')), labels.call(op('e')));
  });

  it('give one computation to operators that compute the same from the inputs', () => {
    const computed = labels.computations(graph, () => undefined);
    const of = (name: string) => computed.get(op(name));
    assert.equal(of('a'), of('b'));
    assert.notEqual(of('a'), of('d'));
    // a and b are the same, so their sums are, in either order; a and c are not.
    assert.equal(of('e'), of('g'));
    assert.notEqual(of('e'), of('h'));
  });

  it('write computations in terms of what is known', () => {
    const known = (name: string) => (one: { name: string }) => (one.name === name ? 'known' : undefined);
    const first = labels.computations(graph, known('a'));
    const second = labels.computations(graph, known('c'));
    // What reads a in the one and c in the other at the same place is the same.
    assert.notEqual(first.get(op('e')), second.get(op('e')));
    assert.equal(first.get(op('d')), labels.computations(graph, known('a')).get(op('d')));
  });

  it('end on operators that read each other', () => {
    const cycle = textGraph('input x f32[1]\na = ADD(x, x)\nb = ADD(a, x)\noutput b');
    const [a, b] = cycle.graph.ops;
    a!.inputs[1] = b!.output!;
    assert.equal(new Labels().computations(cycle.graph, () => undefined).size, 2);
  });
});
