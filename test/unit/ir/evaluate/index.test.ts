import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TensorType } from '../../../../lib/circle/index.ts';
import { GgmaError } from '../../../../lib/errors.ts';
import { evaluate, type Tensor } from '../../../../lib/ir/evaluate/index.ts';
import { numbersOf, run } from '../../../support/evaluated.ts';
import { relativeError, tensorFor } from '../../../support/goldens.ts';
import { randomFloats, seeded } from '../../../support/mutate.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('ir/evaluate', () => {
  describe('precision', () => {
    const text = 'input x f32[1]\na = ADD(x, 1.0)\ny = SUB(a, 1.0)\noutput y';

    it('f32 rounds what every operator stores, f64 does not', () => {
      assert.deepEqual(numbersOf(run(text, { x: [1e-9] })[0]), [0]);
      const [exact] = run(text, { x: [1e-9] }, 'f64');
      assert.ok(exact!.data instanceof Float64Array);
      assert.ok(Math.abs(exact!.data[0]! / 1e-9 - 1) < 1e-6);
    });

    it('f32 and f64 agree on random graphs of products and norms', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 1e9 }), (seed) => {
          const graph = `input x f32[3,8]\nconst w f32[5,8] = random ${seed}\ny = FULLY_CONNECTED(x, w, -)
            z = SOFTMAX(y)\noutput z`;
          const x = randomFloats(24, seeded(seed));
          const [a, b] = [run(graph, { x })[0]!, run(graph, { x }, 'f64')[0]!];
          return relativeError(a.data as Float32Array, b.data as Float64Array) < 1e-6;
        }),
        { numRuns: 25 },
      );
    });
  });

  describe('what it asks for and computes', () => {
    it('computes only what the asked outputs need', () => {
      const { graph, value } = textGraph(
        'input x f32[1]\ninput unused f32[1]\na = NEG(x)\nb: f32[1] = CUSTOM(unused)\noutput b\noutput a',
      );
      const inputs = new Map([[value('x'), tensorFor(value('x'), [2])]]);
      const results = evaluate(graph, inputs, { outputs: [value('a')] });
      assert.deepEqual([...results.keys()], [value('a')]);
      assert.deepEqual(numbersOf(results.get(value('a'))), [-2]);
    });

    it('gives inputs and constants that are asked for, and passes over outputs that nothing produces', () => {
      const { graph, value, module } = textGraph(
        'input x f32[1]\nconst c f32[1] = 5\ny = NEG(x)\noutput x\noutput c',
      );
      graph.outputs.push(value('y'));
      value('y').producer = null;
      graph.ops = [];
      assert.equal(module.graphs.length, 1);
      const results = evaluate(graph, new Map([[value('x'), tensorFor(value('x'), [2])]]));
      assert.deepEqual(
        [...results.keys()].map(({ name }) => name),
        ['x', 'c'],
      );
    });

    it('names an operator that it does not know, and where it stands', () => {
      const { graph, value } = textGraph('input x f32[1]\na = NEG(x)\ny: f32[1] = CUSTOM(a)\noutput y');
      assert.throws(
        () => evaluate(graph, new Map([[value('x'), tensorFor(value('x'), [1])]])),
        (error: unknown) =>
          error instanceof GgmaError &&
          error.code === 'EVALUATE_UNSUPPORTED' &&
          error.path === 'subgraph.operators[1]' &&
          error.message.includes('CUSTOM'),
      );
    });

    it('names a type that it does not know', () => {
      const { graph, value } = textGraph(
        'input x f32[1]\nconst w f32[1] = 1\ny = ADD(x, w)\noutput y\noutput w',
      );
      value('w').type = TensorType.GGML_Q8_1;
      const inputs = new Map([[value('x'), tensorFor(value('x'), [1])]]);
      for (const [name, path] of [
        ['y', 'subgraph.operators[0]'],
        ['w', undefined],
      ])
        assert.throws(
          () => evaluate(graph, inputs, { outputs: [value(name!)] }),
          (error: unknown) =>
            error instanceof GgmaError &&
            error.code === 'EVALUATE_UNSUPPORTED' &&
            error.path === path &&
            error.message.includes('GGML_Q8_1'),
        );
    });

    it('refuses constants whose bytes are not their elements in order, and weights in another format', () => {
      for (const [lines, what] of [
        [
          'const w f32[2,2] {sparsity={traversalOrder=[1,0] dimMetadata=[{denseSize=2},{denseSize=2}]}} = 1 2 3 4\ny = ADD(x, w)',
          "the sparse or compressed constant 'w'",
        ],
        [
          'const w f32[2,2] = 1 2 3 4\ny = FULLY_CONNECTED(x, w, -) weightsFormat=SHUFFLED16x1FLOAT32',
          'shuffled weights',
        ],
      ] as const) {
        const { graph, value } = textGraph(`input x f32[2,2]\n${lines}\noutput y`);
        const x = { type: TensorType.FLOAT32, shape: [2, 2], data: new Float32Array(4) };
        assert.throws(() => evaluate(graph, new Map([[value('x'), x]])), {
          code: 'EVALUATE_UNSUPPORTED',
          message: new RegExp(`got ${what}`),
        });
      }
    });

    it('refuses missing inputs, other types and other shapes', () => {
      const { graph, value } = textGraph('input x f32[2]\ny = NEG(x)\noutput y');
      const fails = (tensor: Tensor | undefined, message: RegExp) =>
        assert.throws(
          () => evaluate(graph, new Map(tensor ? [[value('x'), tensor]] : [])),
          (error: unknown) =>
            error instanceof GgmaError && error.code === 'EVALUATE_INPUT' && message.test(error.message),
        );
      fails(undefined, /FLOAT32\[2\] for 'x', got nothing/);
      fails({ type: TensorType.INT32, shape: [2], data: new Int32Array(2) }, /got INT32\[2\]/);
      fails({ type: TensorType.FLOAT32, shape: [3], data: new Float32Array(3) }, /got FLOAT32\[3\]/);
    });

    it('says which operands do not fit', () => {
      const { graph, value } = textGraph(
        'input x f32[2]\nconst w f32[3,2] = 1 2 3 4 5 6\ny = FULLY_CONNECTED(x, w, -)\noutput y',
      );
      value('w').shape = [2, 3];
      assert.throws(
        () => evaluate(graph, new Map([[value('x'), tensorFor(value('x'), [1, 2])]])),
        (error: unknown) =>
          error instanceof GgmaError && error.code === 'SHAPE_INVALID' && error.path !== undefined,
      );
    });
  });
});
