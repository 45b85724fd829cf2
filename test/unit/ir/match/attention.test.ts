import assert from 'node:assert/strict';
import { BuiltinOperator } from '../../../../lib/circle/index.ts';
import { inputRoles, setInput } from '../../../../lib/ir/graph/index.ts';
import { type Attention, type AttentionMatch, findAttention } from '../../../../lib/ir/match/attention.ts';
import { attentionBlock } from '../../../support/attention-block.ts';
import { golden, needShared } from '../../../support/goldens.ts';
import { renameAll, reorderAll, seeded } from '../../../support/mutate.ts';
import { apply } from '../../../support/passes.ts';

function only(matches: AttentionMatch[]): Attention {
  assert.equal(matches.length, 1);
  const [match] = matches;
  assert.ok(match!.ok, match!.ok ? '' : match!.reason);
  return match!.value;
}

/** Takes the lines of these values out. */
function without(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`${name} =`, '']));
}

describe('ir/attention', () => {
  it('describes the open block', () => {
    const { graph, value } = attentionBlock();
    const block = only(findAttention(graph));
    const plain = (name: string) => ({ weight: value(name), bias: null, norm: null });
    const { ops, ...rest } = block;
    assert.deepEqual(rest, {
      hidden: value('hidden'),
      q: plain('wq'),
      k: plain('wk'),
      v: plain('wv'),
      o: { weight: value('wo'), bias: null },
      heads: 4,
      kvHeads: 2,
      headDim: 4,
      rope: { cos: value('cos'), sin: value('sin') },
      scale: 0.5,
      mask: value('mask'),
      keyCache: value('past_k'),
      valueCache: value('past_v'),
      position: value('cache_position'),
      output: value('attended'),
      appended: [value('keys'), value('values')],
    });
    assert.ok(ops.size > 40 && ops.has(value('attended').producer!) && !ops.has(value('cos').producer!));
  });

  it('does not depend on names and order', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { module, graph, value } = attentionBlock();
      const want = [value('wk'), value('cos'), value('mask'), value('past_v'), value('attended')];
      renameAll(module, seeded(seed));
      reorderAll(module, seeded(seed + 100));
      const block = only(findAttention(graph));
      assert.deepEqual([block.k.weight, block.rope!.cos, block.mask, block.valueCache, block.output], want);
    }
  });

  describe('variations that mean the same', () => {
    const same: [string, Record<string, string>][] = [
      [
        'operands of products and sums the other way round',
        {
          'q_cos =': 'q_cos = MUL(cos4, qh)',
          'q_rot =': 'q_rot = ADD(q_sin, q_cos)',
          'k_scaled =': 'k_scaled = MUL(0.7071067811865476, keys_t)',
          'masked =': 'masked = ADD(mask_cut, scores)',
        },
      ],
      [
        'RESHAPE for TRANSPOSE of one row',
        {
          'q4 =': '',
          'k4 =': '',
          'qh =': 'qh = RESHAPE(q, [1,4,1,4])',
          'kh =': 'kh = RESHAPE(k, [1,2,1,4])',
          'context_rows =': 'context_rows = RESHAPE(context4, [1,1,4,4])',
        },
      ],
      [
        'a transposed product for transposed keys',
        {
          'keys_t =': 'keys_t = RESHAPE(keys_all, [1,4,4,4])',
          'scores3 =': 'scores3 = BATCH_MATMUL(q_flat, k_flat) adjointRhs=true',
        },
      ],
      [
        'scale on the scores alone',
        {
          'q_scaled =': 'q_scaled = MUL(q_rot, 1.0)',
          'k_scaled =': 'k_scaled = MUL(keys_t, 1.0)',
          'scores =': 'scores_ = RESHAPE(scores3, [1,4,1,4])\nscores = MUL(scores_, 0.5)',
        },
      ],
      [
        'scale as a division',
        {
          'q_scaled =': 'q_scaled = DIV(q_rot, 2.0)',
          'k_scaled =': 'k_scaled = MUL(keys_t, 1.0)',
        },
      ],
      [
        'open ends of slices',
        {
          'q_high =': 'q_high = STRIDED_SLICE(qh, [0,0,0,-2], [0,0,0,0], [1,1,1,1]) beginMask=7 endMask=15',
          'mask_cut =': 'mask_cut = STRIDED_SLICE(mask4, [0,0,0,0], [1,1,1,-1], [1,1,1,1])',
        },
      ],
    ];
    for (const [title, changes] of same) {
      it(title, () => {
        const { graph, value } = attentionBlock(changes);
        const block = only(findAttention(graph));
        assert.deepEqual([block.heads, block.kvHeads, block.headDim, block.scale], [4, 2, 4, 0.5]);
        assert.deepEqual([block.rope!.cos, block.mask], [value('cos'), value('mask')]);
      });
    }
  });

  describe('what the descriptor says beyond the ATTENTION operator', () => {
    it('biases, inside FULLY_CONNECTED or added after', () => {
      const { graph, value } = attentionBlock({
        'const freq':
          'const freq f32[1,2,1] = 1 0.1\nconst bq f32[16] = random 8\nconst bk f32[8] = random 9\nconst bo f32[8] = random 10',
        'q =': 'q = FULLY_CONNECTED(hidden, wq, bq)',
        'k =': 'k_ = FULLY_CONNECTED(hidden, wk, -)\nk = ADD(k_, bk)',
        'attended =': 'attended = FULLY_CONNECTED(context, wo, bo)',
      });
      const block = only(findAttention(graph));
      assert.deepEqual([block.q.bias, block.k.bias, block.v.bias], [value('bq'), value('bk'), null]);
      assert.equal(block.o.bias, value('bo'));
    });

    it('a norm of each query and key before RoPE', () => {
      const norm = (x: string, to: string, weight: string) => `
        ${x}_2 = MUL(${x}, ${x})
        ${x}_m = MEAN(${x}_2, [-1])
        ${x}_e = ADD(${x}_m, 0.001)
        ${x}_r = RSQRT(${x}_e)
        ${x}_n = MUL(${x}, ${x}_r)
        ${to} = MUL(${weight}, ${x}_n)`;
      const { graph, value } = attentionBlock({
        'const freq': 'const freq f32[1,2,1] = 1 0.1\nconst nq f32[4] = 1 2 3 4\nconst nk f32[4] = 4 3 2 1',
        'q4 =': `q4_ = RESHAPE(q, [1,1,4,4])\n${norm('q4_', 'q4', 'nq')}`,
        'k4 =': `k4_ = RESHAPE(k, [1,1,2,4])\n${norm('k4_', 'k4', 'nk')}`,
      });
      const block = only(findAttention(graph));
      assert.equal(block.q.norm!.weight, value('nq'));
      assert.equal(block.k.norm!.weight, value('nk'));
      assert.deepEqual([block.q.norm!.width, Math.fround(block.q.norm!.epsilon)], [4, Math.fround(0.001)]);
      assert.equal(block.v.norm, null);
    });

    it('no RoPE, and a scale of its own', () => {
      const { graph } = attentionBlock({
        ...without('q_cos', 'q_low', 'q_high', 'q_neg', 'q_half', 'q_sin', 'q_rot'),
        ...without('k_cos', 'k_low', 'k_high', 'k_neg', 'k_half', 'k_sin', 'k_rot'),
        'q_scaled =': 'q_scaled = MUL(qh, 3.0)',
        'keys =': 'keys = CONCATENATION(past_k, kh) axis=-2',
        'k_scaled =': 'k_scaled = MUL(keys_t, 1.0)',
      });
      const block = only(findAttention(graph));
      assert.deepEqual([block.rope, block.scale], [null, 3]);
    });

    it('cos and sin after attention scaling', () => {
      const { graph, value } = attentionBlock({
        'cos =': 'cos = MUL(c, 1.25)',
        'sin =': 'sin = MUL(s, 1.25)',
      });
      assert.deepEqual(only(findAttention(graph)).rope, { cos: value('cos'), sin: value('sin') });
    });
  });

  it('reads the ATTENTION operator', () => {
    const { module, graph, value } = attentionBlock();
    const { ops: _open, appended: _appended, ...before } = only(findAttention(graph));
    apply(module, 'fuse.attention');
    const { ops, appended, ...after } = only(findAttention(graph));
    assert.deepEqual(after, before);
    assert.deepEqual([[...ops], appended], [[value('attended').producer], []]);
  });

  it('refuses an ATTENTION whose sizes do not fit', () => {
    const operator = () => {
      const { module, graph, value } = attentionBlock();
      apply(module, 'fuse.attention');
      return { graph, value, op: value('attended').producer! };
    };
    const missing = operator();
    setInput(missing.op, 7, null);
    const narrow = operator();
    narrow.value('wk').shape = [6, 8];
    const uneven = operator();
    uneven.value('wk').shape = [12, 8];
    const reasons = [missing, narrow, uneven].map(({ graph }) => {
      const [match] = findAttention(graph);
      return match!.ok ? '' : match!.reason;
    });
    assert.match(reasons[0]!, /no input 7/);
    assert.match(reasons[1]!, /whole heads of size 4 in projections of 16 and 6 rows/);
    assert.match(reasons[2]!, /whole heads of size 4 in projections of 16 and 12 rows/);
  });

  it('looks at every SOFTMAX, also outside attention', () => {
    const { graph } = attentionBlock({}, 'probabilities = SOFTMAX(logits)\noutput probabilities');
    const matches = findAttention(graph);
    assert.deepEqual(
      matches.map(({ ok }) => ok),
      [true, false],
    );
  });

  describe('on the reference data', () => {
    before(needShared);

    interface Want {
      layers: number;
      heads: number;
      kvHeads: number;
      headDim: number;
      hidden: number;
      operator: 'open' | 'ATTENTION';
    }
    const probe = { layers: 8, heads: 16, kvHeads: 16, headDim: 4, hidden: 64 };
    const stories = { layers: 5, heads: 8, kvHeads: 4, headDim: 8, hidden: 64 };
    const files: Record<string, Want> = {
      'probe/decode_.circle': { ...probe, operator: 'open' },
      'probe-newer/decode_.circle': { ...probe, operator: 'open' },
      'stories260K/decode_.circle': { ...stories, operator: 'open' },
      'probe/steps/1.fuse.attention.circle': { ...probe, operator: 'ATTENTION' },
      'probe/steps/3.transpose.io.kvcache.circle': { ...probe, operator: 'ATTENTION' },
      'probe/model.circle': { ...probe, operator: 'ATTENTION' },
      'probe-adapter/decode_adapter.circle': { ...probe, operator: 'ATTENTION' },
      'probe-adapter/decode.circle': { ...probe, operator: 'ATTENTION' },
      'probe-adapter/model.circle': { ...probe, operator: 'ATTENTION' },
      'stories260K/decode.circle': { ...stories, operator: 'ATTENTION' },
      'stories260K/model.circle': { ...stories, operator: 'ATTENTION' },
    };
    for (const [file, want] of Object.entries(files)) {
      it(`finds all ${want.layers} layers of ${file}`, () => {
        const graph = golden(file).graphs.find((g) => inputRoles(g).caches.length > 0)!;
        const matches = findAttention(graph);
        assert.equal(matches.length, want.layers);
        const caches = new Set();
        for (const match of matches) {
          assert.ok(match.ok, match.ok ? '' : match.reason);
          const block = match.value;
          const { layers, operator, hidden, ...sizes } = want;
          assert.deepEqual({ heads: block.heads, kvHeads: block.kvHeads, headDim: block.headDim }, sizes);
          assert.equal(block.hidden.shape.at(-1), hidden);
          assert.equal(block.scale, 1 / Math.sqrt(want.headDim));
          assert.equal(match.at.code === BuiltinOperator.ATTENTION, operator === 'ATTENTION');
          assert.equal(block.position, inputRoles(graph).position);
          assert.equal(block.mask.shape.at(-1), 32);
          assert.ok(block.rope);
          assert.ok(block.ops.size === 1 || block.ops.size >= 36, `${block.ops.size} operators`);
          caches.add(block.keyCache).add(block.valueCache);
          assert.ok(layers === matches.length);
        }
        assert.equal(caches.size, 2 * want.layers);
        // All layers share cos, sin and mask.
        const shared = new Set(matches.map((match) => match.ok && match.value.rope!.cos));
        assert.equal(shared.size, 1);
      });
    }

    it('finds none in prefill graphs: their mask is a constant', () => {
      const names = ['probe/prefill.circle', 'probe-newer/prefill.circle', 'stories260K/prefill.circle'];
      for (const name of names) {
        const matches = findAttention(golden(name).graphs[0]!);
        assert.ok(matches.length >= 5);
        for (const match of matches) assert.ok(!match.ok && /mask/.test(match.reason));
      }
    });
  });
});
