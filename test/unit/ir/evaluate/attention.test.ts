import assert from 'node:assert/strict';
import { evaluate, type Tensor } from '../../../../lib/ir/evaluate/index.ts';
import { attentionBlock, BLOCK_POSITION } from '../../../support/attention-block.ts';
import { numbersOf, run } from '../../../support/evaluated.ts';
import { transposeRows } from '../../../support/flow.ts';
import { relativeError, tensorFor } from '../../../support/goldens.ts';
import { randomFloats, seeded } from '../../../support/mutate.ts';
import { apply } from '../../../support/passes.ts';

describe('ir/evaluate, ATTENTION', () => {
  it('equals the open block at the position where that is exact, and gives the caches with the new row', () => {
    const open = attentionBlock();
    const fused = attentionBlock();
    assert.equal(apply(fused.module, 'fuse.attention').changed, 1);
    apply(fused.module, 'reshape.io', 'input', '--by_shape', '[1,2,3,4]', '[1,2,4,4]');
    apply(fused.module, 'transpose.io.kvcache');
    const random = seeded(11);
    const past = { past_k: randomFloats(24, random), past_v: randomFloats(24, random) };
    const before = evaluate(
      open.graph,
      new Map([
        [open.value('ids'), tensorFor(open.value('ids'), [7])],
        [open.value('cache_position'), tensorFor(open.value('cache_position'), [BLOCK_POSITION])],
        ...Object.entries(past).map(
          ([name, list]) => [open.value(name), tensorFor(open.value(name), list)] as const,
        ),
      ]),
    );
    const given = Object.entries(past).map(
      ([name, list]) =>
        [fused.value(name), tensorFor(fused.value(name), transposeRows(list, 2, 3, 4, 4))] as const,
    );
    const after = evaluate(
      fused.graph,
      new Map([
        [fused.value('ids'), tensorFor(fused.value('ids'), [7])],
        [fused.value('cache_position'), tensorFor(fused.value('cache_position'), [BLOCK_POSITION])],
        ...given,
      ]),
    );
    const floats = (results: Map<unknown, Tensor>, value: unknown) =>
      results.get(value)!.data as Float32Array;
    assert.ok(
      relativeError(floats(after, fused.value('logits')), floats(before, open.value('logits'))) < 1e-6,
    );
    for (const [past_, appended] of [
      ['past_k', 'keys'],
      ['past_v', 'values'],
    ] as const) {
      const want = transposeRows(floats(before, open.value(appended)), 2, 4, 4, 4);
      assert.ok(relativeError(floats(after, fused.value(past_)), want) < 1e-6, appended);
    }
    // The caller's own caches are left alone: row 3 is still empty.
    for (const [, tensor] of given)
      assert.ok((tensor.data as Float32Array).subarray(24).every((x) => x === 0));
  });

  it('refuses a position beyond the cache and a mask that is too narrow', () => {
    const text = (position: number, mask: string) => `
      input k f32[1,2,1,2]
      input v f32[1,2,1,2]
      const x f32[1,1,2] = 1 2
      const w f32[2,2] = 1 0 0 1
      const c f32[1,1,2] = 1 1
      const s f32[1,1,2] = 0 0
      const mask ${mask}
      const position i64[1] = ${position}
      y = ATTENTION(x, w, w, w, w, c, s, mask, k, v, position)
      output y`;
    const caches = { k: new Float32Array(4), v: new Float32Array(4) };
    assert.throws(() => run(text(2, 'f32[1,2] = 0 0'), caches), /cache position below 2, got 2/);
    assert.throws(() => run(text(0, 'f32[1,1] = 0'), caches), /mask of 2 columns, got 1/);
    // Row 0 alone is attended: the value is the hidden state itself.
    assert.deepEqual(numbersOf(run(text(0, 'f32[1,2] = 0 -3e38'), caches)[0]), [1, 2]);
  });
});
