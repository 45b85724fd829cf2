import assert from 'node:assert/strict';
import { Depends, dependence, inputRoles } from '../../../../lib/ir/graph/dependence.ts';
import { attentionBlock } from '../../../support/attention-block.ts';
import { golden, needShared } from '../../../support/goldens.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('ir/dependence', () => {
  it('finds ids, position and caches by what they are used for', () => {
    const { graph, value } = attentionBlock();
    const roles = inputRoles(graph);
    assert.deepEqual(roles, {
      tokens: value('ids'),
      position: value('cache_position'),
      caches: [value('past_k'), value('past_v')],
    });
  });

  it('a position that is gathered too is told from ids by its rank', () => {
    const { graph, value } = textGraph(`
      input position i64[1]
      input ids i64[1,1]
      const rows f32[4,2] = random 1
      const table f32[9,2] = random 2
      p = GATHER(rows, position)
      t = GATHER(table, ids)
      y = ADD(p, t)
      output y`);
    const roles = inputRoles(graph);
    assert.deepEqual([roles.tokens, roles.position], [value('ids'), value('position')]);
  });

  it('two inputs that could be the position are none', () => {
    const { graph } = textGraph('input a i64[1]\ninput b i64[1]\nx = ADD(a, b)\noutput x');
    assert.equal(inputRoles(graph).position, null);
  });

  it('sorts values into constants, position, token and cache', () => {
    const { graph, value } = attentionBlock();
    const depends = dependence(graph);
    const bits = (name: string) => depends.get(value(name)) ?? 0;
    assert.equal(bits('wq'), 0);
    for (const name of ['cos', 'sin', 'mask', 'mask_cut']) assert.equal(bits(name), Depends.position, name);
    for (const name of ['hidden', 'q', 'v4']) assert.equal(bits(name), Depends.token, name);
    assert.equal(bits('k_rot'), Depends.token | Depends.position);
    assert.equal(bits('values'), Depends.token | Depends.cache);
    assert.equal(bits('logits'), Depends.token | Depends.position | Depends.cache);
  });

  describe('on the reference data', () => {
    before(needShared);

    it('finds the roles of every decode graph', () => {
      for (const [file, layers] of [
        ['probe/decode_.circle', 8],
        ['probe-newer/decode_.circle', 8],
        ['probe-adapter/decode_adapter.circle', 8],
        ['stories260K/decode_.circle', 5],
      ] as const) {
        const roles = inputRoles(golden(file).graphs[0]!);
        assert.equal(roles.tokens?.name, 'tico::input_ids');
        assert.equal(roles.position?.name, 'tico::cache_position');
        assert.equal(roles.caches.length, 2 * layers);
      }
    });
  });
});
