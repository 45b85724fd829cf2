/** Operators behind attention: which kernels they become, and that the numbers are those of the interpreter. */
import assert from 'node:assert/strict';
import { analyse } from '../../../lib/plan/analyse.ts';
import { attentionBlock } from '../../support/attention-block.ts';
import { fuseBlock } from '../../support/block-run.ts';
import { relativeError } from '../../support/goldens.ts';
import { onNative } from '../../support/native-run.ts';
import { evaluateSequence } from '../../support/tiny-model.ts';

/** Lines that make `x` of `attended` [1,1,8], and the steps between attention's output projection and the last sum. */
const cases: [string, string, string][] = [
  ['a sum of two rows', 'x = ADD(attended, hidden)', 'add'],
  ['a product of two rows', 'x = MUL(attended, hidden)', 'mul'],
  ['a number times a row', 'x = MUL(3.0, attended)', 'scale'],
  ['a division by a number', 'x = DIV(attended, 1.7)', 'scale'],
  ['a product with 1', 'x = MUL(attended, 1.0)', ''],
  ['a projection', 'x = FULLY_CONNECTED(attended, w, -)', 'matmul'],
  ['a projection with its bias inside', 'x = FULLY_CONNECTED(attended, w, b)', 'matmul'],
  ['a bias added after', 'y = FULLY_CONNECTED(attended, w, -)\nx = ADD(b, y)', 'matmul'],
  [
    'a projection that loses its axes',
    'y = FULLY_CONNECTED(attended, w, -) keepNumDims=false\nx = RESHAPE(y, [1,1,8])',
    'matmul',
  ],
  ['SiLU', 'l = LOGISTIC(attended)\nx = MUL(l, attended)', 'silu'],
  ['SiLU times another row', 'l = LOGISTIC(attended)\ng = MUL(attended, l)\nx = MUL(hidden, g)', 'siluMul'],
  ['GELU', 'x = GELU(attended)', 'gelu'],
  ['GELU in its tanh form', 'x = GELU(attended) approximate=true', 'geluTanh'],
  ['a norm operator', 'x = RMS_NORM(attended, b) epsilon=0.25', 'rmsNorm'],
  [
    'a norm written out, of each half of the row',
    `h = RESHAPE(attended, [1,1,2,4])\nh2 = MUL(h, h)\nm = MEAN(h2, [-1])\ne = ADD(m, 0.25)\nr = RSQRT(e)\nn = MUL(h, r)
     hn = MUL(n, four)\nx = RESHAPE(hn, [1,1,8])`,
    'rmsNorm',
  ],
  [
    'shapes that keep the order',
    'a = RESHAPE(attended, [8,1])\nb2 = TRANSPOSE(a, [1,0])\nc2 = EXPAND_DIMS(b2, 0)\nx = BROADCAST_TO(c2, [1,1,8])',
    '',
  ],
  ['the sum of one value with itself', 'x = ADD(attended, attended)', 'add'],
];

const consts = `const w f32[8,8] = random 21\nconst b f32[8] = random 22\nconst four f32[4] = random 23`;

describe('plan/lowerings', () => {
  for (const [title, lines, kernels] of cases) {
    it(title, async () => {
      const block = attentionBlock({
        'const table': `const table f32[10,8] = random 1\n${consts}`,
        'logits =': `${lines}\nlogits = ADD(x, hidden)`,
      });
      assert.ok(fuseBlock(block));
      const steps = analyse(block.module).builder.steps.map(({ opcode }) => opcode);
      const before = ['gather', 'matmul', 'matmul', 'matmul', 'attention', 'select', 'select', 'matmul'];
      assert.deepEqual(steps, [...before, ...kernels.split(' ').filter(Boolean), 'add']);
      const ids = [3, 1, 4, 9];
      const got = await onNative(block.module, (run) => run.logits(ids));
      const error = relativeError(got, evaluateSequence(block.graph, ids));
      assert.ok(error < 1e-6, `${error}`);
    });
  }
});
