import assert from 'node:assert/strict';
import { compareModules } from '../../../lib/ir/diff/index.ts';
import { formOf, type Scene, sceneOf } from '../../../lib/view/scene.ts';
import { textGraph } from '../../support/text-graph.ts';

const between = (before: string, after: string): Scene => {
  const [compared] = compareModules(textGraph(before).module, textGraph(after).module).graphs;
  return sceneOf({ kind: 'both', compared: compared! });
};

/** `a same`, … for every node, by the name of its tensor. */
function nodesOf({ nodes, tensors }: Scene): string[] {
  return nodes.map(({ kind, op, tensor, status }) => {
    const name =
      kind === 'op'
        ? (op.after ?? op.before)!.output!.name
        : (tensors[tensor]!.after ?? tensors[tensor]!.before)!.name;
    return `${kind === 'op' ? '' : `${kind} `}${name} ${status}`;
  });
}

/** `x>a same` for every line. */
function linksOf({ nodes, tensors }: Scene): string[] {
  const name = (node: number) => nodesOf({ nodes, tensors, numbers: new Map() })[node]!.replace(/ \w+$/, '');
  return nodes.flatMap((node) =>
    node.in.map(({ from, to, status }) => `${name(from)}>${name(to)} ${status}`),
  );
}

describe('view/scene', () => {
  it('is the graph as it is, where there is one model', () => {
    const { graph } = textGraph('input x f32[1]\na = NEG(x)\nb = ADD(a, a)\noutput b');
    const scene = sceneOf({ kind: 'alone', graph });
    assert.deepEqual(nodesOf(scene), ['input x same', 'a same', 'b same', 'output b same']);
    assert.deepEqual(linksOf(scene), ['input x>a same', 'a>b same', 'a>b same', 'b>output b same']);
  });

  it('shows a graph that only one model has as a whole', () => {
    const { graph } = textGraph('input x f32[1]\na = NEG(x)\noutput a');
    for (const kind of ['removed', 'added'] as const) {
      const scene = sceneOf({ kind, graph });
      assert.deepEqual(nodesOf(scene), [`input x ${kind}`, `a ${kind}`, `output a ${kind}`]);
      assert.deepEqual(linksOf(scene), [`input x>a ${kind}`, `a>output a ${kind}`]);
      assert.ok(scene.tensors.every(({ status }) => status === kind));
    }
  });

  it('puts what came beside what went, between the same neighbours', () => {
    const text = (middle: string) => `input x f32[1]\na = NEG(x)\n${middle}\nc = NEG(b)\noutput c`;
    const scene = between(text('b = ABS(a)'), text('b = MUL(a, 2.0)'));
    assert.deepEqual(nodesOf(scene).sort(), [
      'a same',
      'b added',
      'b removed',
      'c same',
      'input x same',
      'output c same',
    ]);
    assert.deepEqual(linksOf(scene).sort(), [
      'a>b added',
      'a>b removed',
      'b>c added',
      'b>c removed',
      'c>output c same',
      'input x>a same',
    ]);
  });

  it('marks an operator that reads the same tensors in another order, for which there is no line', () => {
    const text = (order: string) =>
      `input x f32[1]\ninput y f32[1]\na = NEG(x)\nb = ABS(y)\nc = SUB(${order})\noutput c`;
    assert.ok(nodesOf(between(text('a, b'), text('b, a'))).includes('c changed'));
    assert.ok(nodesOf(between(text('a, b'), text('a, b'))).includes('c same'));
  });

  it('shows both lines into an output that something else computes now', () => {
    const text = (last: string) => `input x f32[1]\na = NEG(x)\nb = ABS(a)\n${last}`;
    const scene = between(`${text('y = NEG(b)')}\noutput y`, `${text('z = NEG(b)')}\ny = ABS(z)\noutput y`);
    const into = linksOf(scene).filter((link) => link.includes('>output'));
    assert.deepEqual(into.map((link) => link.split(' ').at(-1)).sort(), ['added', 'removed']);
  });

  it('has a constant once that one file shares and the other repeats', () => {
    const weights = (name: string) => `const ${name} f32[4] = 1 2 3 4\n`;
    const text = (second: string) =>
      `input x f32[4]\n${weights('w')}${second === 'w' ? '' : weights(second)}a = ADD(x, w)\nb = MUL(a, ${second})\noutput b`;
    for (const [before, after] of [
      ['w', 'v'],
      ['v', 'w'],
    ] as const) {
      const scene = between(text(before), text(after));
      assert.ok(
        nodesOf(scene).every((node) => node.endsWith(' same')),
        nodesOf(scene).join(),
      );
      assert.ok(scene.tensors.every(({ status }) => status === 'same'));
    }
  });

  it('gives copies one form, changed or not, and another form to what only one model has', () => {
    const text = (option: string, more: string) =>
      `input x f32[1]\ninput y f32[1]\na = ADD(x, x)\nb = ADD(a, a)${option}\nc = NEG(b)\n${more}\noutput c`;
    const scene = between(text('', ''), text(' fusedActivationFunction=RELU', 'd = ADD(y, y)'));
    const forms = new Map(scene.nodes.map((node, i) => [node.op.after?.output?.name, formOf(scene, i)]));
    assert.ok(nodesOf(scene).includes('b changed') && nodesOf(scene).includes('d added'));
    assert.equal(forms.get('b'), forms.get('a'));
    assert.notEqual(forms.get('d'), forms.get('a'));
  });
});
