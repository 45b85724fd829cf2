import assert from 'node:assert/strict';
import { compareModules } from '../../../lib/ir/diff/index.ts';
import { graphsOf, type Subject, sceneOf } from '../../../lib/view/scene.ts';
import { type Copy, stacksOf } from '../../../lib/view/stack.ts';
import { treeOf } from '../../../lib/view/tree.ts';
import { layers } from '../../support/layers.ts';
import { textGraph } from '../../support/text-graph.ts';

/** Nodes in a chain, `size` of them to a copy; node numbers in `apart` belong to no copy. */
function chain(count: number, size: number, apart: readonly number[] = []) {
  const nodes = Array.from({ length: count * size + apart.length }, (_, i) => i);
  const inside = nodes.filter((node) => !apart.includes(node));
  const copies = Array.from(
    { length: count },
    (_, k): Copy => ({ nodes: inside.slice(k * size, (k + 1) * size), name: 'layer', number: k }),
  );
  const users = nodes.map((node) => (node + 1 < nodes.length ? [node + 1] : []));
  return stacksOf(copies, users).map(
    ({ title, copies: list }) => `${title}: ${list.map(({ number }) => number)}`,
  );
}

/** The titles of the blocks in a block. */
function blocksIn(subject: Subject, outer: string): string[] {
  const { before, after } = graphsOf(subject);
  const { blocks } = treeOf(sceneOf(subject), before, after);
  const at = blocks.findIndex(({ title }) => title === outer);
  return blocks.filter(({ parent }) => parent === at).map(({ title }) => title);
}

describe('view/stack', () => {
  it('is one box for all copies that follow each other', () => {
    assert.deepEqual(chain(4, 3), ['layer × 4: 0,1,2,3']);
    assert.deepEqual(chain(2, 3), []);
  });

  it('ends where something stands between two copies', () => {
    assert.deepEqual(chain(8, 2, [8]), ['layer 0 to 3 × 4: 0,1,2,3', 'layer 4 to 7 × 4: 4,5,6,7']);
    assert.deepEqual(chain(5, 2, [4]), ['layer 2 to 4 × 3: 2,3,4']);
  });

  it('opens a model of 30 layers as one box, with the layers in it', () => {
    const { graph } = textGraph(layers(30));
    assert.deepEqual(blocksIn({ kind: 'alone', graph }, ''), ['layer × 30']);
    const names = Array.from({ length: 30 }, (_, k) => `layer ${k}`);
    assert.deepEqual(blocksIn({ kind: 'alone', graph }, 'layer × 30'), names);
  });

  it('keeps a layer in its stack that a change of options or constants made different', () => {
    const before = textGraph(layers(6)).module;
    for (const [from, to] of [
      ['a3 = ADD(k3, cache3)', 'a3 = ADD(k3, cache3) fusedActivationFunction=RELU'],
      ['wo3 f32[4,4] = random 13', 'wo3 f32[4,4] = random 99'],
    ] as const) {
      assert.ok(layers(6).includes(from), from);
      const [compared] = compareModules(before, textGraph(layers(6).replace(from, to)).module).graphs;
      assert.ok(compared!.changed.ops.size > 0);
      assert.deepEqual(blocksIn({ kind: 'both', compared: compared! }, ''), ['layer × 6'], to);
    }
  });

  it('shows a layer of another form between two stacks', () => {
    const odd = textGraph(layers(9, { odd: { layer: 4, h: 'ABS(s#)' } })).graph;
    const titles = blocksIn({ kind: 'alone', graph: odd }, '');
    assert.deepEqual(titles, ['layer 0 to 3 × 4', 'layer 4 to 7 × 4']);
  });
});
