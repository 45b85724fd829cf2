import assert from 'node:assert/strict';
import { collect } from '../../../../lib/view/collect.ts';
import { search, searchTexts } from '../../../../lib/view/page/find.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('view/page/find', () => {
  const { module } = textGraph(`
    input tico::ids i32[1,16]
    const table f32[32,4] = random 1
    embedding = GATHER(table, tico::ids)
    flat = RESHAPE(embedding, [1,64])
    gather_sum = ADD(flat, flat)
    output gather_sum`);
  const [graph] = collect(null, { name: 'm', module }).graphs;
  const texts = searchTexts(graph!);
  const found = (query: string) =>
    search(texts, query).map((node) => `${graph!.nodes[node]!.kind} ${graph!.nodes[node]!.title}`);

  it('finds operators first, then names', () => {
    assert.deepEqual(found('Gather'), ['op GATHER', 'output gather_sum', 'op ADD']);
    assert.deepEqual(found('table'), ['op GATHER']);
    assert.deepEqual(found('tico::ids'), ['input tico::ids', 'op GATHER']);
  });

  it('finds shapes however they are written', () => {
    for (const query of ['1x16x4', '1×16×4', '[1, 16, 4]', '[1,16,4]', '1*16*4', '1,16,4'])
      assert.deepEqual(found(query), ['op GATHER', 'op RESHAPE'], query);
  });

  it('wants every word, and finds nothing for none', () => {
    assert.deepEqual(found('reshape 1x64'), ['op RESHAPE']);
    assert.deepEqual(found('reshape 1x65'), []);
    assert.deepEqual(found('  '), []);
    assert.deepEqual(found('.*('), []);
  });
});
