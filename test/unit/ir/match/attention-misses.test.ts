import assert from 'node:assert/strict';
import { findAttention } from '../../../../lib/ir/match/attention.ts';
import { attentionBlock } from '../../../support/attention-block.ts';

/** The reason why the block with these changes is no attention. */
function reasonOf(changes: Record<string, string>, extra = ''): string {
  const matches = findAttention(attentionBlock(changes, extra).graph);
  assert.equal(matches.length, 1);
  const [match] = matches;
  assert.ok(!match!.ok, 'the block was matched');
  return match!.reason;
}

describe('ir/attention, near misses, each with its reason', () => {
  const misses: [Record<string, string>, RegExp, string?][] = [
    [{ 'weights =': 'weights = SOFTMAX(masked) beta=2' }, /SOFTMAX has a beta other than 1/],
    [
      { 'masked =': 'const m f32[1,1,1,4] = 0 0 0 0\nmasked = ADD(scores, m)' },
      /no mask of the position alone/,
    ],
    [{ 'masked =': 'masked = SUB(scores, mask_cut)' }, /no mask of the position alone/],
    [
      {
        'q_flat =': 'q_flat = RESHAPE(q_scaled, [4,4,1])',
        'scores3 =': 'scores3 = BATCH_MATMUL(q_flat, k_flat) adjointLhs=true',
      },
      /transposed left side/,
    ],
    [
      { 'scores =': 'scores_ = RESHAPE(scores3, [1,4,1,4])\nscores = TANH(scores_)' },
      /the scores are no BATCH_MATMUL/,
    ],
    [
      { 'keys =': 'keys_ = NEG(past_k)\nkeys = CONCATENATION(keys_, k_rot) axis=-2' },
      /first part of the keys is no cache input/,
    ],
    [
      { 'keys_all =': 'keys_all_ = RESHAPE(keys_groups, [1,4,4,4])\nkeys_all = NEG(keys_all_)' },
      /NEG between the cache and the keys/,
    ],
    [{ 'keys_t =': 'keys_t = RESHAPE(keys_all, [1,4,4,4])' }, /the keys are transposed/],
    [
      { 'keys_t =': 'keys_t = TRANSPOSE(keys_all, [0,2,1,3])' },
      /TRANSPOSE of the keys is not of the last two axes/,
    ],
    [
      {
        'keys_all =': 'keys_all_ = RESHAPE(keys_groups, [1,4,2,8])\nkeys_all = RESHAPE(keys_all_, [1,4,4,4])',
      },
      /RESHAPE of the keys changes a row/,
    ],
    [{ 'keys5 =': 'keys5 = RESHAPE(keys, [1,1,2,4,4])' }, /BROADCAST_TO repeats the keys in another order/],
    [
      {
        'values_groups =':
          'v6 = RESHAPE(values5, [1,1,2,4,4])\nvalues_groups = BROADCAST_TO(v6, [1,2,2,4,4])',
      },
      /BROADCAST_TO repeats the values in another order/,
    ],
    [
      {
        'values_all =': 'values_all_ = RESHAPE(values_groups, [4,4,4])\nvalues_all = MUL(values_all_, 2.0)',
      },
      /the values are scaled/,
    ],
    [{ 'v4 =': 'v4_ = RESHAPE(v, [1,1,2,4])\nv4 = MUL(v4_, 2.0)' }, /the values are scaled/],
    [
      { 'v =': 'other = NEG(hidden)\nv = FULLY_CONNECTED(other, wv, -)' },
      /do not read the same hidden state/,
    ],
    [{ 'keys =': 'keys = CONCATENATION(past_k, kh) axis=-2' }, /only one of q and k is rotated/],
    [{ 'k_sin =': 'k_sin = MUL(k_half, cos4)' }, /rotated by different angles/],
    [
      { 'q_half =': 'q_half = CONCATENATION(q_low, q_neg) axis=-1' },
      /expected a projection with constant weights/,
    ],
    [{ 'q_neg =': 'q_neg = NEG(q_low)' }, /expected a projection with constant weights/],
    [
      { 'q =': 'q = FULLY_CONNECTED(hidden, wq, -) fusedActivationFunction=1' },
      /expected a projection with constant weights/,
    ],
    [
      { 'attended =': 'attended = FULLY_CONNECTED(context, wo, -) fusedActivationFunction=1' },
      /output projection is no plain FULLY_CONNECTED/,
    ],
    [
      { 'context =': 'context_ = RESHAPE(context_rows, [1,1,16])\ncontext = NEG(context_)' },
      /expected FULLY_CONNECTED after the attention, got NEG/,
    ],
    [
      {
        'weights3 =': 'weights3 = RESHAPE(weights, [4,4,1])',
        'context3 =': 'context3 = BATCH_MATMUL(values_all, weights3)',
      },
      /BATCH_MATMUL of 4 rows per head, not 1/,
    ],
    [
      { 'k_rot =': 'k_rot_ = ADD(k_cos, k_sin)\nk_rot = MUL(k_rot_, 2.0)' },
      /keys are scaled before they are cached/,
    ],
    [
      { 'mask4 =': 'mask4 = RESHAPE(mask, [1,5,1,1])' },
      /the mask is \[1, 1, 1, 1\], not one row of 4 columns/,
    ],
    [
      {
        'mask_cut =':
          'const slopes f32[1,4,1,1] = 1 2 3 4\nm = STRIDED_SLICE(mask4, [0,0,0,0], [1,1,1,4], [1,1,1,1])\nmask_cut = MUL(slopes, m)',
      },
      /the mask is \[1, 4, 1, 4\], not one row of 4 columns/,
    ],
    [
      {
        'masked =': 'm_ = ADD(scores, mask_cut)\nmasked = RESHAPE(m_, [1,8,1,2])',
        'weights3 =': 'weights3 = RESHAPE(weights, [4,1,4])',
      },
      /the mask is \[1, 1, 1, 4\], not one row of 2 columns/,
    ],
    [
      {
        'cos4 =':
          'const turns f32[1,4,1,1] = 1 2 3 4\ncos4_ = RESHAPE(cos, [1,1,1,4])\ncos4 = RESHAPE(cos, [1,1,1,4])\nq_angles = MUL(turns, cos4_)',
        'q_cos =': 'q_cos = MUL(qh, q_angles)',
      },
      /expected a projection with constant weights/,
    ],
    [
      { 'q4 =': 'const shift f32[4] = 1 2 3 4\nq4_ = RESHAPE(q, [1,1,4,4])\nq4 = ADD(q4_, shift)' },
      /expected a projection with constant weights/,
    ],
    [{}, /'q_rot' inside the block is also read by NEG/, 'stranger = NEG(q_rot)\noutput stranger'],
    [{}, /'keys' inside the block is also read by NEG/, 'stranger = NEG(keys)\noutput stranger'],
    [{}, /'weights' inside the block has 2 users/, 'stranger = NEG(weights)\noutput stranger'],
    [{}, /'scores' inside the block is a graph output/, 'output scores'],
    [{}, /'context' inside the block has 1 users/, 'output context'],
  ];
  for (const [changes, reason, extra] of misses) {
    it(`${reason}`, () => {
      assert.match(reasonOf(changes, extra), reason);
    });
  }

  it('a graph with two position inputs has none', () => {
    const reason = reasonOf(
      { 'input cache_position': 'input cache_position i64[1]\ninput second i64[1]' },
      'x = NEG(second)\noutput x',
    );
    assert.match(reason, /no mask of the position alone|no single position input/);
  });
});
