import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TensorType } from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { floatsOf } from '../../../lib/ir/constants.ts';
import { erf } from '../../../lib/ir/evaluate/math.ts';
import { evaluate, type Tensor } from '../../../lib/ir/evaluate.ts';
import { attentionBlock, BLOCK_POSITION } from '../../support/attention-block.ts';
import { transposeRows } from '../../support/flow.ts';
import { relativeError, tensorFor } from '../../support/goldens.ts';
import { randomFloats, seeded } from '../../support/mutate.ts';
import { narrow } from '../../support/narrow.ts';
import { apply } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

/** Evaluates a graph without inputs, or with the given ones; results by name. */
function run(text: string, inputs: Record<string, ArrayLike<number>> = {}, precision: 'f32' | 'f64' = 'f32') {
  const { graph, value } = textGraph(text);
  const tensors = new Map(
    Object.entries(inputs).map(([name, list]) => [value(name), tensorFor(value(name), list)]),
  );
  const results = evaluate(graph, tensors, { precision });
  return graph.outputs.map((output) => results.get(output)!);
}

function numbersOf(tensor: Tensor | undefined): number[] {
  return Array.from(tensor!.data as ArrayLike<number | bigint>, Number);
}

/** One operator: its line, and what it must give. */
function gives(text: string, shape: number[], numbers: number[], tolerance = 1e-6): void {
  const lines = text.trim().split('\n');
  const name = /^\s*(\w+)/.exec(lines.at(-1)!)![1]!;
  const [result] = run(`${text}\noutput ${name}`);
  assert.deepEqual([...result!.shape], shape);
  const got = numbersOf(result);
  assert.equal(got.length, numbers.length);
  got.forEach((x, i) => {
    assert.ok(
      Math.abs(x - numbers[i]!) <= tolerance,
      `element ${i}: expected ${numbers[i]}, got ${x} in ${text}`,
    );
  });
}

describe('ir/evaluate', () => {
  describe('element by element', () => {
    it('broadcasts as TFLite does', () => {
      gives(
        'const a f32[2,1] = 1 2\nconst b f32[3] = 10 20 30\ny = ADD(a, b)',
        [2, 3],
        [11, 21, 31, 12, 22, 32],
      );
      gives('const a f32[] = 6\nconst b f32[1,2] = 2 3\ny = DIV(a, b)', [1, 2], [3, 2]);
      gives('const a f32[2] = 5 7\nconst b f32[2] = 1 2\ny = SUB(a, b)', [2], [4, 5]);
      gives('const a f32[2] = 2 3\nconst b f32[2] = 3 2\ny = POW(a, b)', [2], [8, 9]);
      gives('const a f32[2] = 2 3\nconst b f32[2] = 3 2\ny = MAXIMUM(a, b)', [2], [3, 3]);
      gives('const a f32[2] = 2 3\nconst b f32[2] = 3 2\ny = MINIMUM(a, b)', [2], [2, 2]);
    });

    it('knows the functions of one number', () => {
      const cases: [string, number, number][] = [
        ['NEG', 2, -2],
        ['ABS', -2, 2],
        ['RSQRT', 4, 0.5],
        ['SQRT', 9, 3],
        ['SQUARE', -3, 9],
        ['EXP', 1, Math.E],
        ['SIN', 1, 0.8414709848],
        ['COS', 1, 0.5403023059],
        ['TANH', 1, 0.761594156],
        ['LOGISTIC', 1, 0.7310585786],
        ['RELU', -1, 0],
        ['GELU', 1, 0.8413447461],
        ['GELU', -3, -0.0040496941],
      ];
      for (const [name, x, y] of cases) gives(`const x f32[1] = ${x}\ny = ${name}(x)`, [1], [y]);
      gives('const x f32[1] = 1\ny = GELU(x) approximate=true', [1], [0.8411919906]);
    });

    it('computes integers exactly, 64 bits wide', () => {
      const { graph, value } = textGraph('input a i64[1]\ninput b i64[1]\ny = MUL(a, b)\noutput y');
      const big = { type: TensorType.INT64, shape: [1], data: BigInt64Array.of(3_037_000_499n) };
      const y = evaluate(graph, new Map([...graph.inputs].map((input) => [input, big]))).get(value('y'))!;
      assert.deepEqual(y.data, BigInt64Array.of(3_037_000_499n ** 2n));
      gives('const a i32[2] = 7 -7\nconst b i32[] = 2\ny = DIV(a, b)', [2], [3, -3]);
      gives('const a i32[1] = 5\ny = NEG(a)', [1], [-5]);
      gives('const a i64[2] = 5 -8\nconst b i64[2] = 3 2\ny = MINIMUM(a, b)', [2], [3, -8]);
      gives('const a i64[2] = 5 -8\nconst b i64[2] = 3 2\ny = MAXIMUM(a, b)', [2], [5, 2]);
    });

    it('compares and chooses', () => {
      const operands = 'const a i64[3] = 1 2 3\nconst b i64[1] = 2\n';
      gives(`${operands}y = GREATER(a, b)`, [3], [0, 0, 1]);
      gives(`${operands}y = GREATER_EQUAL(a, b)`, [3], [0, 1, 1]);
      gives(`${operands}y = LESS(a, b)`, [3], [1, 0, 0]);
      gives(`${operands}y = LESS_EQUAL(a, b)`, [3], [1, 1, 0]);
      gives(`${operands}y = EQUAL(a, b)`, [3], [0, 1, 0]);
      gives(`${operands}y = NOT_EQUAL(a, b)`, [3], [1, 0, 1]);
      const bools = 'const a bool[2] = 1 0\nconst b bool[2] = 1 1\n';
      gives(`${bools}y = LOGICAL_AND(a, b)`, [2], [1, 0]);
      gives(`${bools}y = LOGICAL_OR(a, b)`, [2], [1, 1]);
      gives(`${bools}y = LOGICAL_NOT(a)`, [2], [0, 1]);
      gives('const c bool[2,1] = 1 0\nconst a f32[2] = 1 2\ny = SELECT_V2(c, a, 9.0)', [2, 2], [1, 2, 9, 9]);
    });

    it('casts: floats are cut, truth is not zero', () => {
      gives('const a f32[3] = 1.7 -1.7 0\ny = CAST(a) outDataType=i32', [3], [1, -1, 0]);
      gives('const a f32[3] = 1.7 -1.7 0\ny = CAST(a) outDataType=i64', [3], [1, -1, 0]);
      gives('const a f32[3] = 0.5 -1 0\ny = CAST(a) outDataType=bool', [3], [1, 1, 0]);
      gives('const a i64[2] = 3 -4\ny = CAST(a) outDataType=f32', [2], [3, -4]);
      gives('const a bool[2] = 1 0\ny = CAST(a) outDataType=f32', [2], [1, 0]);
    });

    it('applies the activation that an operator carries', () => {
      const operands = 'const a f32[3] = -2 0.5 9\n';
      gives(`${operands}y = MUL(a, 1.0) fusedActivationFunction=1`, [3], [0, 0.5, 9]);
      gives(`${operands}y = ADD(a, 0.0) fusedActivationFunction=2`, [3], [-1, 0.5, 1]);
      gives(`${operands}y = SUB(a, 0.0) fusedActivationFunction=3`, [3], [0, 0.5, 6]);
      gives(`${operands}y = DIV(a, 1.0) fusedActivationFunction=4`, [3], [Math.tanh(-2), Math.tanh(0.5), 1]);
    });
  });

  describe('moving elements', () => {
    const x = 'const x f32[2,3] = 1 2 3 4 5 6\n';

    it('reshapes, with one size left open', () => {
      gives(`${x}y = RESHAPE(x, [3,-1])`, [3, 2], [1, 2, 3, 4, 5, 6]);
      gives('const x f32[1,2,1] = 1 2\ny = SQUEEZE(x)', [2], [1, 2]);
      gives('const x f32[1,2,1] = 1 2\ny = SQUEEZE(x) squeezeDims=[-1]', [1, 2], [1, 2]);
      gives('const x f32[2] = 1 2\ny = EXPAND_DIMS(x, -1)', [2, 1], [1, 2]);
    });

    it('transposes', () => {
      gives(`${x}y = TRANSPOSE(x, [1,0])`, [3, 2], [1, 4, 2, 5, 3, 6]);
      gives('const x f32[1,2,2] = 1 2 3 4\ny = TRANSPOSE(x, [2,0,1])', [2, 1, 2], [1, 3, 2, 4]);
      gives('const x f32[2,1,2] = 1 2 3 4\ny = TRANSPOSE(x, [1,0,2])', [1, 2, 2], [1, 2, 3, 4]);
    });

    it('slices with strides, masks and negative bounds', () => {
      gives(`${x}y = STRIDED_SLICE(x, [0,1], [2,3], [1,1])`, [2, 2], [2, 3, 5, 6]);
      gives(`${x}y = STRIDED_SLICE(x, [0,-1], [2,-4], [1,-1])`, [2, 3], [3, 2, 1, 6, 5, 4]);
      gives(`${x}y = STRIDED_SLICE(x, [1,0], [2,3], [1,2]) shrinkAxisMask=1`, [2], [4, 6]);
      gives(`${x}y = STRIDED_SLICE(x, [1,2], [0,0], [1,1]) beginMask=1 endMask=3`, [2, 1], [3, 6]);
      gives(`${x}y = STRIDED_SLICE(x, [0,1], [1,2], [1,1]) offset=true`, [1, 2], [2, 3]);
      gives(`${x}y = SLICE(x, [1,0], [1,-1])`, [1, 3], [4, 5, 6]);
    });

    it('joins, splits and repeats', () => {
      gives(`${x}y = CONCATENATION(x, x) axis=-1`, [2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
      gives(`${x}y = CONCATENATION(x, x) axis=0`, [4, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
      gives('const a f32[2] = 1 2\nconst b f32[2] = 3 4\ny = PACK(a, b) axis=1', [2, 2], [1, 3, 2, 4]);
      gives(
        'const a f32[2,1,2] = 1 2 3 4\ny = BROADCAST_TO(a, [2,2,2])',
        [2, 2, 2],
        [1, 2, 1, 2, 3, 4, 3, 4],
      );
      const parts = run(`${x}a, b, c = SPLIT(1, x)\noutput a\noutput b\noutput c`);
      assert.deepEqual(parts.map(numbersOf), [
        [1, 4],
        [2, 5],
        [3, 6],
      ]);
    });

    it('gathers rows', () => {
      gives(`${x}const i i64[1,2] = 1 0\ny = GATHER(x, i)`, [1, 2, 3], [4, 5, 6, 1, 2, 3]);
      gives(`${x}const i i32[2] = 2 0\ny = GATHER(x, i) axis=1`, [2, 2], [3, 1, 6, 4]);
      gives(`${x}const i i32[2,1] = 2 0\ny = GATHER(x, i) axis=1 batchDims=1`, [2, 1], [3, 4]);
      assert.throws(
        () => run(`${x}const i i32[1] = 2\ny = GATHER(x, i)\noutput y`),
        /SHAPE|index below 2, got 2/,
      );
    });
  });

  describe('sums', () => {
    it('multiplies matrices, sides transposed or in batches', () => {
      const sides = 'const a f32[2,2] = 1 2 3 4\nconst b f32[2,2] = 5 6 7 8\n';
      gives(`${sides}y = BATCH_MATMUL(a, b)`, [2, 2], [19, 22, 43, 50]);
      gives(`${sides}y = BATCH_MATMUL(a, b) adjointRhs=true`, [2, 2], [17, 23, 39, 53]);
      gives(`${sides}y = BATCH_MATMUL(a, b) adjointLhs=true`, [2, 2], [26, 30, 38, 44]);
      gives(
        'const a f32[2,1,1] = 2 3\nconst b f32[1,1,2] = 10 20\ny = BATCH_MATMUL(a, b)',
        [2, 1, 2],
        [20, 40, 30, 60],
      );
    });

    it('connects fully, with and without a bias', () => {
      const operands =
        'const x f32[1,2,2] = 1 2 3 4\nconst w f32[3,2] = 1 0 0 1 1 1\nconst b f32[3] = 10 20 30\n';
      gives(`${operands}y = FULLY_CONNECTED(x, w, -)`, [1, 2, 3], [1, 2, 3, 3, 4, 7]);
      gives(`${operands}y = FULLY_CONNECTED(x, w, b)`, [1, 2, 3], [11, 22, 33, 13, 24, 37]);
      gives(`${operands}y = FULLY_CONNECTED(x, w, -) keepNumDims=false`, [2, 3], [1, 2, 3, 3, 4, 7]);
    });

    it('reduces over any axes', () => {
      const x = 'const x f32[2,2,2] = 1 2 3 4 5 6 7 8\n';
      gives(`${x}y = MEAN(x, [-1])`, [2, 2, 1], [1.5, 3.5, 5.5, 7.5]);
      gives(`${x}y = SUM(x, [0,2]) keepDims=false`, [2], [14, 22]);
    });

    it('normalises', () => {
      gives('const x f32[1,2] = 0 1\ny = SOFTMAX(x)', [1, 2], [1 / (1 + Math.E), Math.E / (1 + Math.E)]);
      gives('const x f32[1,2] = 1000 -3e38\ny = SOFTMAX(x)', [1, 2], [1, 0]);
      gives(
        'const x f32[1,2] = 0 1\ny = SOFTMAX(x) beta=2',
        [1, 2],
        [1 / (1 + Math.E ** 2), 1 / (1 + Math.E ** -2)],
      );
      gives(
        'const x f32[1,2] = 3 4\nconst w f32[2] = 1 2\ny = RMS_NORM(x, w)',
        [1, 2],
        [3 / 12.5 ** 0.5, 8 / 12.5 ** 0.5],
      );
    });

    it('rotates halves', () => {
      const rows =
        'const x f32[1,1,1,4] = 1 2 3 4\nconst s f32[1,1,1,4] = 0 1 0 1\nconst c f32[1,1,1,4] = 1 0 1 0\n';
      gives(`${rows}y = ROPE(x, s, c)`, [1, 1, 1, 4], [1, -4, 3, 2]);
      assert.throws(() => run(`${rows}y = ROPE(x, s, c) mode=1\noutput y`), /interleaved/);
    });

    it('has the error function to 1e-15', () => {
      // Abramowitz & Stegun, table 7.1, and erfc beyond.
      const known: [number, number][] = [
        [0, 0],
        [0.5, 0.5204998778130465],
        [1, 0.8427007929497149],
        [2, 0.9953222650189527],
        [2.5, 0.999593047982555],
        [3, 0.9999779095030014],
        [7, 1],
      ];
      for (const [x, y] of known) {
        assert.ok(Math.abs(erf(x) - y) < 1e-14, `erf(${x})`);
        assert.ok(Math.abs(erf(-x) + y) < 1e-14, `erf(-${x})`);
      }
    });
  });

  describe('constants of narrow types', () => {
    const narrowTypes = [
      [TensorType.FLOAT16, 1 / 2048],
      [TensorType.BFLOAT16, 1 / 256],
      [TensorType.GGML_Q8_0, 1 / 254],
      [TensorType.GGML_Q4_0, 1 / 8],
    ] as const;

    for (const [type, tolerance] of narrowTypes)
      it(`${TensorType[type]} is widened, wherever its bytes lie`, () => {
        const { graph, value } = textGraph(`const w f32[4,64] = random 3\nids = NEG(w)\noutput ids`);
        const floats = floatsOf(value('w'))!;
        const bytes = narrow(type, floats);
        const moved = new Uint8Array(bytes.length + 3);
        moved.set(bytes, 3);
        value('w').type = type;
        value('w').buffer = { data: moved.subarray(3) };
        const got = evaluate(graph, new Map()).get(value('ids'))!.data as Float32Array;
        assert.equal(got.length, 256);
        got.forEach((x, i) => {
          const block = floats.subarray(i - (i % 32), i - (i % 32) + 32);
          const largest = type < 0 ? Math.max(...block.map(Math.abs)) : Math.abs(floats[i]!);
          // A block's scale is a half itself.
          assert.ok(Math.abs(-x - floats[i]!) <= tolerance * largest * 1.02, `${i}: ${-x} for ${floats[i]}`);
        });
        // Known numbers: what is stored exactly comes back exactly.
        const exact = Float32Array.from({ length: 256 }, (_, i) => [-8, 7, 0, -1][i % 4]!);
        value('w').buffer = { data: narrow(type, exact) };
        const again = evaluate(graph, new Map()).get(value('ids'))!.data as Float32Array;
        if (type !== TensorType.GGML_Q8_0)
          assert.deepEqual(
            [...again].map((x) => -x + 0),
            [...exact],
          );
        value('w').buffer = { data: bytes.subarray(1) };
        assert.throws(() => evaluate(graph, new Map()), { code: 'CIRCLE_INVALID' });
      });
  });

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

  describe('ATTENTION', () => {
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
});
