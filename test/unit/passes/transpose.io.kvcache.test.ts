import assert from 'node:assert/strict';
import { attentionBlock } from '../../support/attention-block.ts';
import { apply, assertIdempotent, assertUntouched, opsOf } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'transpose.io.kvcache';

function fused() {
  const block = attentionBlock();
  assert.equal(apply(block.module, 'fuse.attention').changed, 1);
  return block;
}

describe('passes/transpose.io.kvcache', () => {
  it('hit: the caches of ATTENTION are declared rows first', () => {
    const { module, graph, value } = fused();
    const before = opsOf(graph);
    assert.deepEqual(apply(module, NAME), { changed: 2, candidates: 2, what: 'cache inputs', reasons: [] });
    for (const name of ['past_k', 'past_v']) assert.deepEqual([...value(name).shape], [1, 3, 2, 4]);
    assert.deepEqual(opsOf(graph), before);
  });

  it('near miss: no ATTENTION, whatever inputs are called', () => {
    const text = 'input past_key_cache_0 f32[1,2,3,4]\ny = NEG(past_key_cache_0)\noutput y';
    assertUntouched(textGraph(text).module, /no graph input is a cache of ATTENTION/, NAME);
    assertUntouched(attentionBlock().module, /no graph input is a cache of ATTENTION/, NAME);
  });

  it('near miss: caches that are rows first already', () => {
    const { module } = fused();
    apply(module, NAME);
    assertUntouched(module, /'past_k' is \[1, 3, 2, 4\], rows first already/, NAME);
  });

  it('shared value: a cache that two operators read is turned once', () => {
    const { module, value } = fused();
    const [, second] = ['past_k', 'past_v'].map(value);
    const attention = value('attended').producer!;
    second!.users.splice(0);
    attention.inputs[9] = value('past_k');
    value('past_k').users.push(attention);
    assert.equal(apply(module, NAME).changed, 1);
    assert.deepEqual([...value('past_k').shape], [1, 3, 2, 4]);
  });

  it('as many rows as kv heads: both layouts are one shape', () => {
    const { module, value } = fused();
    apply(module, 'reshape.io', 'input', '--by_shape', '[1,2,3,4]', '[1,2,2,4]');
    assert.equal(apply(module, NAME).changed, 0);
    assert.deepEqual([...value('past_k').shape], [1, 2, 2, 4]);
  });

  it('idempotence', () => {
    assertIdempotent(fused().module, NAME);
  });
});
