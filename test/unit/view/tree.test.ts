import assert from 'node:assert/strict';
import { compareModules } from '../../../lib/ir/diff/index.ts';
import type { Graph, Module } from '../../../lib/ir/graph/index.ts';
import { isConvex } from '../../../lib/view/repeat.ts';
import { graphsOf, type Scene, type Subject, sceneOf } from '../../../lib/view/scene.ts';
import { type Tree, treeOf } from '../../../lib/view/tree.ts';
import { golden, needShared } from '../../support/goldens.ts';
import { renameAll, reorderAll, seeded } from '../../support/mutate.ts';
import { apply } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const look = (graph: Graph) => lookAt({ kind: 'alone', graph });

function lookAt(subject: Subject): { scene: Scene; tree: Tree } {
  const { before, after } = graphsOf(subject);
  const scene = sceneOf(subject);
  const tree = treeOf(scene, before, after);
  assertNested(scene, tree);
  return { scene, tree };
}

/** Every node is at home in one block, blocks hold what the blocks inside them hold, and none lies on a cycle. */
function assertNested({ nodes }: Scene, { blocks, home, order }: Tree): void {
  assert.deepEqual(
    order.toSorted((a, b) => a - b),
    nodes.map((_, i) => i),
  );
  const holders = nodes.map((_, node) => blocks.filter((block) => block.nodes.includes(node)).length);
  home.forEach((block, node) => {
    let depth = 0;
    for (let at: number | null = block; at !== null; at = blocks[at]!.parent) {
      assert.ok(blocks[at]!.nodes.includes(node), `node ${node} is not in ${blocks[at]!.title}`);
      depth++;
    }
    assert.equal(depth, holders[node], `node ${node} is in a block beside its own`);
  });
  const users = nodes.map((node) => node.out.map(({ to }) => to));
  for (const block of blocks) assert.ok(isConvex({ users }, block.nodes), block.title);
}

/** How many blocks of each title, with the number left off, and their sizes; stacks are left out. */
function titles({ nodes }: Scene, { blocks }: Tree): string[] {
  const counts = new Map<string, number>();
  for (const { title, nodes: members, isStack } of blocks.slice(1)) {
    if (isStack) continue;
    const operators = members.filter((node) => nodes[node]!.kind === 'op').length;
    const label = `${title.replace(/ \d+$/, '')} of ${operators}`;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, n]) => `${n} × ${label}`).sort();
}

describe('view/tree', () => {
  it('leaves a small graph as it is', () => {
    const { graph } = textGraph('input x f32[1,4]\ny = NEG(x)\nz = ADD(y, y)\noutput z');
    const { scene, tree } = look(graph);
    assert.deepEqual([scene.nodes.length, tree.blocks.length], [4, 1]);
  });

  it('cuts a long graph without layers into parts', () => {
    const lines = Array.from({ length: 700 }, (_, i) => `x${i + 1} = NEG(x${i})`);
    const { graph } = textGraph(['input x0 f32[1,4]', ...lines, 'output x700'].join('\n'));
    const { scene, tree } = look(graph);
    assert.deepEqual(titles(scene, tree), ['1 × part of 1', '1 × part of 99', '6 × part of 100']);
  });

  describe('on the reference data', () => {
    before(needShared);
    const mutations: [name: string, change: (module: Module) => void][] = [
      ['as it is', () => {}],
      ['renamed', (module) => renameAll(module, seeded(2))],
      ['reordered', (module) => reorderAll(module, seeded(3))],
    ];

    it('folds layers, with attention and norms inside them, whatever the names and the order', () => {
      for (const [what, mutate] of mutations) {
        const module = golden('probe/decode_.circle');
        mutate(module);
        const { scene, tree } = look(module.graphs[0]!);
        assert.deepEqual(
          titles(scene, tree),
          ['17 × RMS norm of 6', '8 × attention of 41', '8 × layer of 65'],
          what,
        );
      }
    });

    it('puts the layers into one box', () => {
      for (const file of ['probe/decode_.circle', 'probe/model.circle', 'probe-newer/prefill.circle'])
        for (const graph of golden(file).graphs) {
          const { tree } = look(graph);
          const stack = tree.blocks.findIndex(({ isStack }) => isStack);
          assert.equal(tree.blocks[stack]!.title, 'layer × 8');
          assert.equal(tree.blocks.filter(({ parent }) => parent === stack).length, 8);
        }
    });

    it('numbers layers in the order of the data', () => {
      const module = golden('probe/decode_.circle');
      reorderAll(module, seeded(3));
      const { scene, tree } = look(module.graphs[0]!);
      const caches = tree.blocks
        .filter(({ title, isStack }) => title.startsWith('layer') && !isStack)
        .map(({ title, nodes }) => {
          const inputs = nodes.filter((node) => scene.nodes[node]!.kind === 'input');
          const names = inputs.map((node) => scene.tensors[scene.nodes[node]!.tensor]!.after!.name);
          return `${title}: ${names.map((name) => /\d+$/.exec(name)![0]).join()}`;
        });
      assert.deepEqual(
        caches,
        Array.from({ length: 8 }, (_, k) => `layer ${k}: ${k},${k}`),
      );
    });

    it('folds every exporter form of the reference data', () => {
      const expected: [file: string, layers: string[]][] = [
        ['probe/prefill.circle', ['8 × layer of 59']],
        ['probe/model.circle', ['8 × layer of 59', '8 × layer of 21']],
        ['probe-newer/decode_.circle', ['8 × layer of 58']],
        ['probe-newer/prefill.circle', ['8 × layer of 57']],
        ['stories260K/decode_.circle', ['5 × layer of 70']],
        ['stories260K/model.circle', ['5 × layer of 64', '5 × layer of 21']],
      ];
      for (const [file, layers] of expected) {
        const found = golden(file).graphs.flatMap((graph) => {
          const { scene, tree } = look(graph);
          return titles(scene, tree).filter((title) => title.includes('layer'));
        });
        assert.deepEqual(found, layers, file);
      }
    });

    it('shows what a filter replaced beside what it put in', () => {
      const module = golden('probe/decode_.circle');
      apply(module, 'fuse.attention');
      const [compared] = compareModules(golden('probe/decode_.circle'), module).graphs;
      const { scene, tree } = lookAt({ kind: 'both', compared: compared! });
      assert.deepEqual(titles(scene, tree), ['17 × RMS norm of 6', '8 × attention of 45', '8 × layer of 66']);
      for (const [number, block] of tree.blocks.entries()) {
        if (block.title !== 'attention') continue;
        assert.equal(block.status, 'removed');
        // The ATTENTION operator is at home in the layer around the removed block.
        const added = scene.nodes.findIndex(
          ({ status }, node) => status === 'added' && tree.home[node] === block.parent,
        );
        assert.notEqual(added, -1);
        const readers = (nodes: number[]) =>
          new Set(nodes.flatMap((node) => scene.nodes[node]!.out.map(({ to }) => to)));
        const common = [...readers([added])].filter((node) => readers(tree.blocks[number]!.nodes).has(node));
        assert.equal(common.length, 1, 'both lead to the same operator');
      }
    });
  });
});
