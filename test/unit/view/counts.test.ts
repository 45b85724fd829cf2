import assert from 'node:assert/strict';
import { lift, lower, type Module, removeOps } from '../../../lib/ir/graph/index.ts';
import { collect } from '../../../lib/view/collect.ts';
import { byteRows } from '../../../lib/view/counts.ts';
import type { Counts, GraphData } from '../../../lib/view/data.ts';
import { partsOf } from '../../../lib/view/page/parts.ts';
import { attentionBlock } from '../../support/attention-block.ts';
import { golden, needShared } from '../../support/goldens.ts';
import { layers } from '../../support/layers.ts';
import { seeded } from '../../support/mutate.ts';
import { mutations, randomGraph } from '../../support/mutate-graph.ts';
import { apply } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const shown = (module: Module, before?: Module): GraphData[] =>
  collect(before ? { name: 'before', module: before } : null, { name: 'after', module }).graphs;

const keys = ['operators', 'tensors', 'bytes'] as const;

/** The rows of every block add up, and those of the first to what the graph has. */
function assertSums(graph: GraphData, modules: readonly Module[], place = 0): void {
  for (const block of graph.blocks.keys()) {
    const parts = partsOf(graph, block);
    const all = parts.pop()!;
    for (const [model, total] of all.counts.entries())
      for (const key of keys) {
        const numbers = parts.map(({ counts }) => counts[model]![key]);
        for (const n of numbers) assert.ok(n >= 0, `${graph.blocks[block]!.title}: ${n} ${key}`);
        if (parts.length > 0)
          assert.equal(
            numbers.reduce((a, b) => a + b, 0),
            total[key],
            `${key} of ${graph.blocks[block]!.title}`,
          );
      }
  }
  assert.deepEqual(
    graph.blocks[0]!.counts,
    modules.map((module) => wholeOf(module, place)),
  );
}

function wholeOf(module: Module, place: number): Counts {
  const { ops, values } = module.graphs[place]!;
  const buffers = new Set(values.map(({ buffer }) => buffer));
  const bytes = [...buffers].reduce((sum, { data }) => sum + (data?.byteLength ?? 0), 0);
  return { operators: ops.length, tensors: values.length, bytes };
}

describe('view/counts', () => {
  it('adds up, whatever the graph and the change of it', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seeded(seed);
      const before = seed % 3 === 0 ? attentionBlock().module : randomGraph(random);
      const after = lift(lower(before));
      for (const mutation of Object.values(mutations)) mutation(after, random);
      assertSums(shown(before)[0]!, [before]);
      assertSums(shown(after, before)[0]!, [before, after]);
    }
  });

  it('counts layers, what lies beside them, and what is unused', () => {
    const { module, graph } = textGraph(layers(30));
    const [page] = shown(module);
    assertSums(page!, [module]);
    const rows = (data: GraphData) =>
      partsOf(data, 0).map(({ title, counts: [c] }) => [title, c!.operators, c!.tensors, c!.bytes]);
    assert.deepEqual(rows(page!), [
      ['layer × 30', 270, 30 * 13, 30 * 3 * 64],
      ['beside them', 3, 6, 128],
      ['all', 273, 396, 30 * 3 * 64 + 128],
    ]);
    removeOps(graph, new Set(graph.ops.slice(0, 1)));
    graph.values.find(({ name }) => name === 'mask')!.users.length = 0;
    for (const op of graph.ops)
      for (const [i, input] of op.inputs.entries()) if (input?.name === 'mask') op.inputs[i] = null;
    const unused = rows(shown(module)[0]!).find(([title]) => title === 'unused');
    assert.deepEqual(unused, ['unused', 0, 1, 0]);
  });

  it('counts data once that several tensors share, around all of them', () => {
    const { module, value } = textGraph(layers(4));
    value('wq2').buffer = value('wq1').buffer;
    const [page] = shown(module);
    assertSums(page!, [module]);
    const bytes = (title: string) => page!.blocks.find((block) => block.title === title)!.counts[0]!.bytes;
    assert.deepEqual(['layer 0', 'layer 1', 'layer 2', 'layer × 4'].map(bytes), [192, 128, 128, 11 * 64]);
  });

  it('says where the bytes of a file are, in rows that add up', () => {
    const sum = (module: Module) => {
      const rows = byteRows(module);
      const numbers = rows.map(([, text]) => Number(text.replaceAll(/\D/g, '')));
      const total = numbers.pop()!;
      if (numbers.length > 0)
        assert.equal(
          numbers.reduce((a, b) => a + b, 0),
          total,
        );
      return rows.map(([label]) => label);
    };
    const two = `metadata note = "0123"\ngraph a\ninput x f32[4]\nconst w f32[4] = 1 2 3 4\ny = ADD(x, w)\noutput y
graph b\ninput i f32[4]\nconst v f32[4] = 1 2 3 4\nconst u f32[4] = 5 6 7 8\nj = ADD(i, v)\nk = ADD(j, u)\noutput k`;
    const { module } = textGraph(two);
    assert.deepEqual(sum(module), [
      'constants of a',
      'constants of b',
      'metadata and unused data',
      'all data',
    ]);
    const [a, b] = module.graphs;
    b!.values.find(({ name }) => name === 'v')!.buffer = a!.values.find(({ name }) => name === 'w')!.buffer;
    assert.ok(sum(module).includes('constants of several graphs'));
    assert.deepEqual(sum(textGraph('input x f32[1]\ny = NEG(x)\noutput y').module), ['all data']);
  });

  describe('on the reference data', () => {
    before(needShared);

    it('adds up for models, and for what a filter made of one', () => {
      for (const file of ['probe/decode_.circle', 'probe/model.circle', 'stories260K/model.circle']) {
        const module = golden(file);
        for (const [place, graph] of shown(module).entries()) assertSums(graph, [module], place);
      }
      const [before, after] = [golden('probe/decode_.circle'), golden('probe/decode_.circle')];
      apply(after, 'fuse.attention');
      const [graph] = shown(after, before);
      assertSums(graph!, [before, after]);
      assert.deepEqual(
        partsOf(graph!, 0).map(({ title }) => title),
        ['layer × 8', 'RMS norm', 'unused', 'beside them', 'all'],
      );
    });
  });
});
