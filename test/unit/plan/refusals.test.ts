/** What cannot be proved is refused, with a reason and the place of the operator. */
import assert from 'node:assert/strict';
import { CompressionType, DimensionType, SparseIndexVector, TensorType } from '../../../lib/circle/index.ts';
import { compile } from '../../../lib/plan/index.ts';
import { attentionBlock, secondLayer } from '../../support/attention-block.ts';
import type { TextGraph } from '../../support/text-graph.ts';

interface Refusal {
  title: string;
  code: string;
  message: RegExp;
  /** The value that the named operator makes; or the path itself. */
  at: string | RegExp;
  changes?: Record<string, string>;
  extra?: string;
  edit?: (block: TextGraph) => void;
}

/** An operator put in between the attention and the logits. */
const behind = (line: string): Record<string, string> => ({
  'logits =': `${line}\nlogits = ADD(hidden, x)`,
});

const DENSE = {
  format: DimensionType.DENSE,
  denseSize: 0,
  arraySegmentsType: SparseIndexVector.NONE,
  arraySegments: null,
  arrayIndicesType: SparseIndexVector.NONE,
  arrayIndices: null,
};

const refusals: Refusal[] = [
  // The mask.
  {
    title: 'a mask that hides the token itself',
    code: 'PLAN_MASK',
    message: /the mask hides the token itself/,
    at: 'attended',
    changes: { 'later =': 'later = GREATER_EQUAL(columns, p2)' },
  },
  {
    title: 'a mask that lets a token see later ones',
    code: 'PLAN_MASK',
    message: /the mask lets a token see later ones/,
    at: 'attended',
    changes: { 'later =': 'later = LESS(columns, p2)' },
  },
  {
    title: 'a mask that is only a large number',
    code: 'PLAN_MASK',
    message: /the mask is -10000 at column − position = 1, expected 0 or ≤ −1e30/,
    at: 'attended',
    changes: { 'const fill': 'const fill f32[1,5] = -10000 -10000 -10000 -10000 -10000' },
  },
  {
    title: 'a mask over columns in another order',
    code: 'PLAN_MASK',
    message: /'columns' holds neither column numbers nor one fill value/,
    at: 'attended',
    changes: { 'const columns': 'const columns i64[5] = 1 0 2 3 4' },
  },
  {
    title: 'a mask with an operator that is not known',
    code: 'PLAN_MASK',
    message: /the mask is computed with SIN/,
    at: 'wave',
    changes: { 'mask =': 'wave = SIN(is_later)\nmask = MUL(fill, wave)' },
  },
  // Attention.
  {
    title: 'scores without a mask',
    code: 'PLAN_ATTENTION',
    message: /no mask of the position alone is added to the scores/,
    at: 'weights',
    changes: { 'masked =': 'masked = MUL(scores, 1.0)' },
  },
  {
    title: 'RoPE by the token instead of the position',
    code: 'PLAN_ATTENTION',
    message: /expected a projection with constant weights/,
    at: 'q_rot',
    changes: { 'p3 =': 'p3 = RESHAPE(ids, [1,1,1])' },
  },
  {
    title: 'no attention at all',
    code: 'PLAN_ATTENTION',
    message: /at least one attention, got none/,
    at: /^subgraphs\[0\]$/,
    changes: { 'weights =': 'weights = LOGISTIC(masked)' },
  },
  {
    title: 'two layers over one cache',
    code: 'PLAN_ATTENTION',
    message: /the cache 'past_k' twice/,
    at: 'attended_2',
    changes: { 'output logits': '' },
    extra: secondLayer({ 'keys =': 'keys = CONCATENATION(past_k_1, k_rot) axis=-2' }).replace(
      'past_k_1',
      'past_k',
    ),
  },
  // Operators behind it.
  ...[
    ['a mean over the row', 'y = MEAN(attended, [-1])\nx = MUL(attended, y)', 'MUL', 'x'],
    ['an operator without a lowering', 'x = EXP(attended)', 'EXP', 'x'],
    ['a custom operator', 'x: f32[1,1,8] = CUSTOM(attended)', 'CUSTOM', 'x'],
    [
      'elements in another order',
      'r = RESHAPE(attended, [1,2,4])\nt = TRANSPOSE(r, [0,2,1])\nx = RESHAPE(t, [1,1,8])',
      'TRANSPOSE',
      't',
    ],
    ['a fused activation', 'x = ADD(attended, hidden) fusedActivationFunction=1', 'ADD', 'x'],
    [
      'a product with a row of the position',
      'w = CONCATENATION(cos, sin) axis=-1\nx = MUL(attended, w)',
      'MUL',
      'x',
    ],
    ['a vector that is added to no product', 'y = MUL(attended, attended)\nx = ADD(y, bias)', 'ADD', 'x'],
  ].map(([title, line, operator, value]) => ({
    title: title!,
    code: 'PLAN_UNSUPPORTED',
    message: new RegExp(`expected an operator that works row by row, got ${operator} making '${value}'`),
    at: value!,
    changes: {
      'const freq': 'const freq f32[1,2,1] = 1 0.1\nconst bias f32[8] = random 9',
      ...behind(line!),
    },
  })),
  {
    title: 'a value that no operator makes',
    code: 'PLAN_UNSUPPORTED',
    message: /got 'more', which no operator makes/,
    at: /^subgraphs\[0\]$/,
    changes: {
      'input cache_position': 'input cache_position i64[1]\ninput more f32[1,1,8]',
      ...behind('x = MUL(attended, more)'),
    },
  },
  {
    title: 'a weight of a type without a kernel',
    code: 'PLAN_UNSUPPORTED',
    message: /expected FLOAT32, .* for the weight 'wo', got INT8/,
    at: 'attended',
    edit: ({ value }) => {
      value('wo').type = TensorType.INT8;
    },
  },
  // Constants whose bytes are not their elements in order.
  {
    title: 'a matrix in column-major order',
    code: 'PLAN_UNSUPPORTED',
    message: /expected dense tensors, got 'wo', which is sparse/,
    at: /^subgraphs\[0\]\.tensors\[\d+\]$/,
    changes: {
      'const wo':
        'const wo f32[8,16] {sparsity={traversalOrder=[1,0] dimMetadata=[{denseSize=16},{denseSize=8}]}} = random 5',
    },
  },
  {
    title: 'a sparse matrix, which has fewer bytes than elements',
    code: 'PLAN_UNSUPPORTED',
    message: /expected dense tensors, got 'wo', which is sparse/,
    at: /^subgraphs\[0\]\.tensors\[\d+\]$/,
    edit: ({ value }) => {
      const wo = value('wo');
      wo.buffer.data = new Uint8Array(8);
      wo.attributes.sparsity = {
        traversalOrder: [0, 1],
        blockMap: null,
        dimMetadata: [
          { ...DENSE, denseSize: 8 },
          {
            ...DENSE,
            format: DimensionType.SPARSE_CSR,
            arraySegmentsType: SparseIndexVector.Uint8Vector,
            arraySegments: { values: Uint8Array.of(0, 1, 2, 2, 2, 2, 2, 2, 2) },
            arrayIndicesType: SparseIndexVector.Uint8Vector,
            arrayIndices: { values: Uint8Array.of(3, 4) },
          },
        ],
      };
    },
  },
  {
    title: 'a compressed matrix',
    code: 'PLAN_UNSUPPORTED',
    message: /expected dense tensors, got 'wo', which is compressed/,
    at: /^subgraphs\[0\]\.tensors\[\d+\]$/,
    edit: ({ value }) => {
      value('wo').attributes.compressionType = CompressionType.HUFFMAN;
    },
  },
  {
    title: 'shuffled weights',
    code: 'PLAN_UNSUPPORTED',
    message:
      /expected weights in DEFAULT format for FULLY_CONNECTED making 'attended', got SHUFFLED16x1FLOAT32/,
    at: 'attended',
    changes: {
      'attended =':
        'attended = FULLY_CONNECTED(context, wo, -) weightsFormat=SHUFFLED16x1FLOAT32 keepNumDims=true',
    },
  },
  {
    title: 'an embedding of other ids',
    code: 'PLAN_UNSUPPORTED',
    message: /got GATHER making 'hidden'/,
    at: 'hidden',
    changes: {
      'hidden =': 'mixed = ADD(ids, ids)\nfirst = GATHER(table, ids)\nhidden = GATHER(table, mixed)',
    },
  },
  // Shapes.
  {
    title: 'two sequences in a batch',
    code: 'PLAN_SHAPE',
    message: /expected one token \[1, 1\] in the decode graph, got 'ids' \[2, 1\]/,
    at: /^subgraphs\[0\]\.tensors\[0\]$/,
    edit: ({ value }) => {
      value('ids').shape = [2, 1];
    },
  },
  {
    title: 'two positions',
    code: 'PLAN_SHAPE',
    message: /expected one position \[1\] in the decode graph, got 'cache_position' \[2\]/,
    at: /^subgraphs\[0\]\.tensors\[3\]$/,
    edit: ({ value }) => {
      value('cache_position').shape = [2];
    },
  },
  {
    title: 'a size that is not fixed',
    code: 'PLAN_SHAPE',
    message: /expected fixed sizes, got 'past_k' \[1, 2, -1, 4\]/,
    at: /^subgraphs\[0\]\.tensors\[1\]$/,
    edit: ({ value }) => {
      value('past_k').attributes.shapeSignature = [1, 2, -1, 4];
    },
  },
  // Which graph.
  {
    title: 'no cache_position',
    code: 'SIGNATURE',
    message: /expected one decode graph .*, got subgraphs\[0\] with inputs ids\[1,1\], past_k\[1,2,3,4\]/,
    at: /^undefined$/,
    edit: ({ graph, value }) => {
      graph.inputs = graph.inputs.filter((input) => input !== value('cache_position'));
    },
  },
  {
    title: 'two outputs that could be the logits',
    code: 'SIGNATURE',
    message: /expected one output of rank 3, the logits, got 2 of 4 outputs/,
    at: /^subgraphs\[0\]\.outputs$/,
    extra: 'output attended',
  },
];

describe('plan: refusals', () => {
  it('there is something to refuse: the block as it is compiles', () => {
    const plan = compile(attentionBlock().module);
    assert.deepEqual([plan.vocabSize, plan.caches], [8, [{ kvHeads: 2, headDim: 4 }]]);
  });

  for (const { title, code, message, at, changes = {}, extra = '', edit } of refusals) {
    it(title, () => {
      const block = attentionBlock(changes, extra);
      edit?.(block);
      const { graph, module, value } = block;
      const path =
        typeof at === 'string' ? `subgraphs[0].operators[${graph.ops.indexOf(value(at).producer!)}]` : at;
      assert.throws(
        () => compile(module),
        (error: { code: string; message: string; path?: string }) => {
          assert.equal(error.code, code, error.message);
          assert.match(error.message, message);
          if (typeof path === 'string') assert.equal(error.path, path);
          else assert.match(String(error.path), path);
          return true;
        },
      );
    });
  }
});
