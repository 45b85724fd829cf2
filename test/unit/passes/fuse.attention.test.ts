import assert from 'node:assert/strict';
import fc from 'fast-check';
import { attentionBlock, secondLayer } from '../../support/attention-block.ts';
import { blockLogits, fuseBlock } from '../../support/block-run.ts';
import { relativeError } from '../../support/goldens.ts';
import { apply, assertIdempotent, assertUntouched, opsOf, portsOf, sign } from '../../support/passes.ts';
import type { TextGraph } from '../../support/text-graph.ts';

const NAME = 'fuse.attention';

function fused(changes: Record<string, string>): TextGraph {
  const block = attentionBlock(changes);
  assert.ok(fuseBlock(block));
  return block;
}

describe('passes/fuse.attention', () => {
  it('hit: the block is one operator of eleven inputs, and the appended caches are no outputs any more', () => {
    const { module, graph } = attentionBlock();
    sign(module);
    const outcome = apply(module, NAME);
    assert.deepEqual(outcome, { changed: 1, candidates: 1, what: 'attention blocks', reasons: [] });
    const lines = opsOf(graph);
    assert.ok(
      lines.includes(
        'attended = ATTENTION(hidden, wq, wk, wv, wo, cos, sin, mask, past_k, past_v, cache_position)',
      ),
      lines.join('\n'),
    );
    // The embedding, cos and sin (9 operators), the mask (4), ATTENTION and the sum.
    assert.equal(lines.length, 16);
    assert.deepEqual(
      graph.outputs.map(({ name }) => name),
      ['logits'],
    );
    assert.deepEqual(portsOf(module).outputs, ['logits']);
  });

  describe('near miss: what the operator cannot say stays open', () => {
    const cases: [string, Record<string, string>, RegExp][] = [
      [
        'a bias',
        { 'q =': 'const bq f32[16] = random 8\nq = FULLY_CONNECTED(hidden, wq, bq)' },
        /no place for biases/,
      ],
      ...(['k', 'v'] as const).map((name): [string, Record<string, string>, RegExp] => [
        `a bias of ${name} alone`,
        {
          [`${name} =`]: `const b${name} f32[8] = random 8\n${name} = FULLY_CONNECTED(hidden, w${name}, b${name})`,
        },
        /no place for biases/,
      ]),
      [
        'a bias of the output projection',
        { 'attended =': 'const bo f32[8] = random 8\nattended = FULLY_CONNECTED(context, wo, bo)' },
        /no place for biases/,
      ],
      [
        'a norm of the queries',
        {
          'q4 =': `raw = RESHAPE(q, [1,1,4,4])
            square = MUL(raw, raw)
            mean = MEAN(square, [-1])
            sum = ADD(mean, 0.001)
            root = RSQRT(sum)
            q4 = MUL(raw, root)`,
        },
        /no place for a q\/k norm/,
      ],
      [
        'another scale',
        { 'q_scaled =': 'q_scaled = MUL(q_rot, 0.5)' },
        /scales by 1\/sqrt\(head_dim\), the block by 0\.35/,
      ],
      [
        'another beta',
        { 'weights =': 'weights = SOFTMAX(masked) beta=2' },
        /'weights': SOFTMAX has a beta other than 1/,
      ],
    ];
    for (const [title, changes, reason] of cases) {
      it(title, () => {
        assertUntouched(attentionBlock(changes).module, reason, NAME);
        // What is recognised as attention runs as it is, so nothing is wrong; what is not may be refused later.
        const { consequence } = apply(attentionBlock(changes).module, NAME);
        const runs =
          title === 'another beta'
            ? undefined
            : 'Such blocks run as they are: the package works all the same';
        assert.equal(consequence, runs);
      });
    }

    it('no RoPE', () => {
      const gone = ['cos', 'low', 'high', 'neg', 'half', 'sin', 'rot'].flatMap((part) => [
        `q_${part} =`,
        `k_${part} =`,
      ]);
      const changes = {
        ...Object.fromEntries(gone.map((line) => [line, ''])),
        'keys =': 'keys = CONCATENATION(past_k, kh) axis=-2',
        'q_scaled =': 'q_scaled = MUL(qh, 0.7071067811865476)',
      };
      assertUntouched(attentionBlock(changes).module, /ATTENTION needs RoPE/, NAME);
    });
  });

  describe('shared value', () => {
    it('one that a stranger reads inside the block prevents fusion', () => {
      const block = attentionBlock({}, 'stranger = NEG(k_rot)\noutput stranger');
      assertUntouched(block.module, /'k_rot' inside the block is also read by NEG/, NAME);
    });

    it('the appended caches may be graph outputs, and nothing else', () => {
      const block = attentionBlock({}, 'stranger = NEG(values)\noutput stranger');
      assertUntouched(block.module, /'values' inside the block is also read by NEG/, NAME);
    });

    it('values of the position alone stay where others use them', () => {
      const { module, graph } = attentionBlock(
        {},
        'stranger = NEG(cos4)\noutput stranger\nother = NEG(mask_cut)\noutput other',
      );
      assert.equal(apply(module, NAME).changed, 1);
      const lines = opsOf(graph).join('\n');
      for (const name of ['cos4', 'mask4', 'mask_cut', 'stranger', 'other'])
        assert.match(lines, new RegExp(`^${name} = `, 'm'));
      assert.doesNotMatch(lines, /^sin4 = /m);
    });
  });

  it('numeric equality at the position where the open block is exact', () => {
    const variations: Record<string, string>[] = [
      {},
      // Attention scaling as yarn has it: cos and sin are taken after it.
      { 'cos =': 'cos = MUL(c, 1.25)', 'sin =': 'sin = MUL(s, 1.25)' },
      { 'qh =': 'qh = RESHAPE(q4, [1,4,1,4])', 'kh =': 'kh = RESHAPE(k4, [1,2,1,4])' },
    ];
    for (const changes of variations) {
      const [before, after] = [attentionBlock(changes), fused(changes)];
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 1e9 }), (seed) => {
          const error = relativeError(blockLogits(after, seed, true), blockLogits(before, seed, false));
          assert.ok(error < 1e-6, `${error}`);
        }),
        { numRuns: 20 },
      );
    }
  });

  it('fuses every layer, and of several those that fit, with the reason for the others', () => {
    const both = attentionBlock({}, secondLayer()).module;
    assert.deepEqual(apply(both, NAME), { changed: 2, candidates: 2, what: 'attention blocks', reasons: [] });
    const one = attentionBlock({}, secondLayer({ 'weights =': 'weights = SOFTMAX(masked) beta=2' }));
    const outcome = apply(one.module, NAME);
    assert.deepEqual([outcome.changed, outcome.candidates], [1, 2]);
    assert.deepEqual(outcome.reasons, ["'weights_2': SOFTMAX has a beta other than 1"]);
    assert.deepEqual(
      one.graph.outputs.map(({ name }) => name),
      ['logits', 'logits_2', 'keys_2', 'values_2'],
    );
  });

  it('idempotence', () => {
    assertIdempotent(attentionBlock().module, NAME);
  });
});
