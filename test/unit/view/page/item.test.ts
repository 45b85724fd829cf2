import assert from 'node:assert/strict';
import { collect } from '../../../../lib/view/collect.ts';
import { blocksAround, isSame, itemOf, makerOf, readersOf, whereOf } from '../../../../lib/view/page/item.ts';
import { layers } from '../../../support/layers.ts';
import { textGraph } from '../../../support/text-graph.ts';

const [graph] = collect(null, { name: 'm', module: textGraph(layers(4)).module }).graphs;
const tensor = (name: string) => graph!.tensors.findIndex((one) => one.name === name);
const title = (node: number | undefined) => graph!.nodes[node!]!.title;

describe('view/page/item', () => {
  it('finds what makes and what reads a tensor', () => {
    assert.equal(title(makerOf(graph!, tensor('r1'))), 'ADD');
    assert.deepEqual(readersOf(graph!, tensor('r1')).map(title).sort(), [
      'ADD',
      'FULLY_CONNECTED',
      'FULLY_CONNECTED',
    ]);
    assert.equal(makerOf(graph!, tensor('wq2')), undefined);
    assert.deepEqual(readersOf(graph!, tensor('wq2')).map(title), ['FULLY_CONNECTED']);
  });

  it('says where something lies, without the stack around the layers', () => {
    const softmax = makerOf(graph!, tensor('s2'))!;
    assert.equal(whereOf(graph!, { kind: 'node', index: softmax }), 'layer 2');
    assert.equal(whereOf(graph!, { kind: 'tensor', index: tensor('wq2') }), 'layer 2');
    const titles = blocksAround(graph!, { kind: 'node', index: softmax }).map(
      (block) => graph!.blocks[block]!.title,
    );
    assert.deepEqual(titles, ['layer 2', 'layer × 4']);
    assert.equal(whereOf(graph!, { kind: 'tensor', index: tensor('x') }), '');
  });

  it('takes a port for its tensor', () => {
    const child = { kind: 'port' as const, index: 3, title: '', lines: [], shared: [] };
    assert.deepEqual(itemOf(child), { kind: 'tensor', index: 3 });
    assert.ok(isSame(itemOf(child), { kind: 'tensor', index: 3 }));
    assert.ok(!isSame(itemOf(child), { kind: 'node', index: 3 }) && isSame(null, null));
  });
});
