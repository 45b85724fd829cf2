import assert from 'node:assert/strict';
import fc from 'fast-check';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { relativeError, tensorFor } from '../../support/goldens.ts';
import { randomFloats, seeded } from '../../support/mutate.ts';
import { apply, assertIdempotent, assertUntouched, opsOf } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'fuse.bmm_lhs_const';

/** TRANSPOSE(BATCH_MATMUL(constant, x)), as exporters write inv_freq · position. */
const FREQUENCIES = `
  input x f32[1,1,1]
  const freq f32[1,2,1] = 1 0.1
  product = BATCH_MATMUL(freq, x)
  angles = TRANSPOSE(product, [0,2,1])
  y = COS(angles)
  output y`;

function outputs(text: string, seed: number, fused: boolean): Float32Array {
  const { module, graph, value } = textGraph(text);
  if (fused) assert.equal(apply(module, NAME).changed, 1);
  const x = value('x');
  const count = x.shape.reduce((n, dim) => n * dim, 1);
  const inputs = new Map([[x, tensorFor(x, randomFloats(count, seeded(seed)))]]);
  const result = evaluate(graph, inputs).get(graph.outputs[0]!)!;
  assert.deepEqual([...result.shape], [...graph.outputs[0]!.shape]);
  return result.data as Float32Array;
}

describe('passes/fuse.bmm_lhs_const', () => {
  it('hit: a FULLY_CONNECTED of x itself, where x is one number', () => {
    const { module, graph, value } = textGraph(FREQUENCIES);
    const outcome = apply(module, NAME);
    assert.deepEqual([outcome.changed, outcome.candidates, outcome.reasons], [1, 1, []]);
    assert.deepEqual(opsOf(graph), ['angles = FULLY_CONNECTED(x, freq, -)', 'y = COS(angles)']);
    assert.deepEqual([...value('freq').shape], [2, 1]);
    assert.deepEqual(value('angles').producer!.attributes.builtinOptions, {
      fusedActivationFunction: 0,
      weightsFormat: 0,
      keepNumDims: true,
      asymmetricQuantizeInputs: false,
      quantizedBiasType: 0,
    });
  });

  it('hit: with a TRANSPOSE of x, where the reference forgets it', () => {
    const { module, graph } = textGraph(`
      input x f32[1,1,3]
      const l f32[1,2,1] = 1 2
      p = BATCH_MATMUL(l, x)
      y = TRANSPOSE(p, [0,2,1])
      output y`);
    assert.equal(apply(module, NAME).changed, 1);
    assert.deepEqual(opsOf(graph), [
      'x_transposed = TRANSPOSE(x, x_permutation)',
      'y = FULLY_CONNECTED(x_transposed, l, -)',
    ]);
  });

  describe('near miss', () => {
    const product = 'input x f32[1,2,2]\nconst l f32[1,2,2] = 1 2 3 4\n';
    const cases: [string, string, RegExp][] = [
      [
        'a side given transposed',
        `${product}p = BATCH_MATMUL(l, x) adjointRhs=true\ny = TRANSPOSE(p, [0,2,1])`,
        /a side is transposed/,
      ],
      ['no transposition after', `${product}p = BATCH_MATMUL(l, x)\ny = NEG(p)`, /no transposition follows/],
      [
        'a transposition of other axes',
        `${product}p = BATCH_MATMUL(l, x)\ny = TRANSPOSE(p, [1,0,2])`,
        /no transposition follows/,
      ],
      [
        'a constant with a batch',
        'input x f32[2,2,2]\nconst l f32[2,2,2] = 1 2 3 4 5 6 7 8\np = BATCH_MATMUL(l, x)\ny = TRANSPOSE(p, [0,2,1])',
        /the constant has a batch/,
      ],
      [
        'a constant with more axes',
        'input x f32[2,2]\nconst l f32[1,2,2] = 1 2 3 4\np = BATCH_MATMUL(l, x)\ny = TRANSPOSE(p, [0,2,1])',
        /more axes than the other side/,
      ],
    ];
    for (const [title, text, reason] of cases) {
      it(title, () => {
        assertUntouched(textGraph(`${text}\noutput y`).module, reason, NAME);
      });
    }

    it('a left side that is no constant is no candidate', () => {
      const { module } = textGraph(
        'input x f32[1,2,2]\np = BATCH_MATMUL(x, x)\ny = TRANSPOSE(p, [0,2,1])\noutput y',
      );
      assert.deepEqual(apply(module, NAME).candidates, 0);
    });
  });

  describe('shared value', () => {
    it('a product with another reader, or that is an output, stays', () => {
      assertUntouched(
        textGraph(`${FREQUENCIES}\nother = NEG(product)\noutput other`).module,
        /has other users/,
        NAME,
      );
      assertUntouched(textGraph(`${FREQUENCIES}\noutput product`).module, /has other users/, NAME);
    });

    it('a constant with other readers keeps its shape; the weight is a second tensor over its bytes', () => {
      const { module, graph, value } = textGraph(`${FREQUENCIES}\nother = NEG(freq)\noutput other`);
      assert.equal(apply(module, NAME).changed, 1);
      const weight = value('angles').producer!.input(1)!;
      assert.deepEqual([...weight.shape], [2, 1]);
      assert.deepEqual([...value('freq').shape], [1, 2, 1]);
      assert.equal(weight.buffer, value('freq').buffer);
      assert.ok(graph.values.includes(weight));
    });

    it('a constant that is a graph output keeps its shape', () => {
      const { module, value } = textGraph(`${FREQUENCIES}\noutput freq`);
      assert.equal(apply(module, NAME).changed, 1);
      assert.deepEqual([...value('freq').shape], [1, 2, 1]);
    });

    it('two products may share a constant', () => {
      const { module, graph } = textGraph(
        `${FREQUENCIES}\np2 = BATCH_MATMUL(freq, y1)\na2 = TRANSPOSE(p2, [0,2,1])\noutput a2`.replace(
          'output y\n',
          'y1 = MEAN(y, [-1])\noutput y\n',
        ),
      );
      assert.equal(apply(module, NAME).changed, 2);
      assert.equal(graph.ops.filter(({ output }) => /^a/.test(output!.name)).length, 2);
    });
  });

  it('numeric equality for any sizes, ranks and batches', () => {
    const size = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(
        fc.record({
          m: size,
          k: size,
          n: size,
          batch: size,
          rank: fc.integer({ min: 2, max: 4 }),
          seed: fc.nat(1e6),
        }),
        ({ m, k, n, batch, rank, seed }) => {
          const left = [1, 1, m, k].slice(-rank);
          const text = `
            input x f32[${batch},1,${k},${n}]
            const l f32[${left}] = random ${seed}
            p = BATCH_MATMUL(l, x)
            y = TRANSPOSE(p, [0,1,3,2])
            output y`;
          assert.ok(relativeError(outputs(text, seed, true), outputs(text, seed, false)) < 1e-6);
        },
      ),
      { numRuns: 60 },
    );
    assert.deepEqual(outputs(FREQUENCIES, 3, true), outputs(FREQUENCIES, 3, false));
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(FREQUENCIES).module, NAME);
  });
});
