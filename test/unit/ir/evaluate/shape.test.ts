import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BuiltinOperator, TensorType } from '../../../../lib/circle/index.ts';
import { GgmaError } from '../../../../lib/errors.ts';
import { evaluate } from '../../../../lib/ir/evaluate/index.ts';
import { inferOutputs } from '../../../../lib/ir/evaluate/shape.ts';
import { broadcastShape, reshapeTo, sliceRanges } from '../../../../lib/ir/evaluate/shape-rules.ts';
import { elementCount } from '../../../../lib/ir/graph/constants.ts';
import { attentionBlock } from '../../../support/attention-block.ts';
import { golden, goldenFiles, needShared, tensorFor } from '../../../support/goldens.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('ir/shape', () => {
  describe('on the reference data', () => {
    before(needShared);

    it('infers what every tensor of every file declares', () => {
      const files = goldenFiles();
      assert.ok(files.length >= 15, `${files.length} files`);
      const seen = new Set<string>();
      for (const file of files) {
        for (const graph of golden(file).graphs) {
          assert.ok(graph.ops.length > 0, file);
          for (const op of graph.ops) {
            const name = BuiltinOperator[op.code];
            const inferred = inferOutputs(op);
            assert.ok(inferred, `${file}: ${name} is unknown`);
            seen.add(name);
            op.outputs.forEach((output, i) => {
              const want = { type: output!.type, shape: [...output!.shape] };
              assert.deepEqual(
                { type: inferred[i]!.type, shape: [...inferred[i]!.shape] },
                want,
                `${file}: ${name} ${output!.name}`,
              );
            });
          }
        }
      }
      assert.ok(seen.size >= 19, [...seen].join(' '));
    });
  });

  it('agrees with what evaluation gives, for every value of a block', () => {
    const { graph, value } = attentionBlock();
    const ones = (count: number) => new Array<number>(count).fill(1);
    const inputs = new Map(
      graph.inputs.map((input) => [input, tensorFor(input, ones(elementCount(input.shape)))]),
    );
    inputs.set(value('cache_position'), tensorFor(value('cache_position'), [3]));
    const results = evaluate(graph, inputs, { outputs: graph.values });
    assert.ok(graph.ops.length > 50);
    for (const op of graph.ops) {
      const [spec] = inferOutputs(op)!;
      const tensor = results.get(op.output!)!;
      assert.deepEqual([tensor.type, [...tensor.shape]], [spec!.type, [...spec!.shape]], op.output!.name);
    }
  });

  it('does not know what only running tells, nor operators without a rule', () => {
    const { value } = textGraph(`
      input x f32[2,3]
      input shape i32[2]
      a: f32[3,2] = TRANSPOSE(x, shape)
      b: f32[1] = CUSTOM(x)`);
    assert.equal(inferOutputs(value('a').producer!), undefined);
    assert.equal(inferOutputs(value('b').producer!), undefined);
  });

  it('takes a RESHAPE without a shape input from its options', () => {
    const { value } = textGraph('input x f32[2,3]\ny: f32[6] = RESHAPE(x) newShape=[6]');
    assert.deepEqual(inferOutputs(value('y').producer!), [{ type: TensorType.FLOAT32, shape: [6] }]);
  });

  it('refuses operands that do not fit, naming operator and shapes', () => {
    const cases: [string, RegExp][] = [
      [
        'input a f32[2]\ninput b f32[3]\ny: f32[1] = ADD(a, b)',
        /ADD: expected shapes that broadcast, got \[2\], \[3\]/,
      ],
      [
        'input a f32[2,3]\ninput b f32[4,2]\ny: f32[1] = BATCH_MATMUL(a, b)',
        /BATCH_MATMUL: expected equal inner sizes/,
      ],
      [
        'input a f32[2,3]\ninput b f32[4,2]\ny: f32[1] = FULLY_CONNECTED(a, b, -)',
        /FULLY_CONNECTED: expected rows of 2/,
      ],
      ['input a f32[2,3]\ny: f32[1] = RESHAPE(a, [4,2])', /RESHAPE: expected a shape of 6 elements/],
      ['input a f32[2,3]\ny: f32[1] = RESHAPE(a, [-1,-1])', /RESHAPE: expected a shape of 6 elements/],
      ['input a f32[2,3]\ny: f32[1] = TRANSPOSE(a, [0,0])', /TRANSPOSE: expected a permutation of 2 axes/],
      [
        'input a f32[2,3]\ninput b f32[2,4]\ny: f32[1] = CONCATENATION(a, b)',
        /CONCATENATION: expected parts that differ on axis 0/,
      ],
      ['input a f32[2,3]\ny: f32[1] = MEAN(a, [2])', /MEAN: expected an axis of rank 2, got 2/],
      ['input a f32[2,3]\ny: f32[1], z: f32[1] = SPLIT(1, a)', /SPLIT: expected 2 equal parts/],
      ['input a f32[2,3]\ny: f32[1] = BROADCAST_TO(a, [2,4])', /BROADCAST_TO/],
      ['input a f32[2,3]\ny: f32[1] = SLICE(a, [0,2], [1,2])', /SLICE: expected a slice inside \[2, 3\]/],
      ['input a f32[2,3]\ny: f32[1] = SQUEEZE(a) squeezeDims=[0]', /SQUEEZE: expected size 1 on axis 0/],
    ];
    for (const [text, message] of cases) {
      const { value } = textGraph(text);
      assert.throws(
        () => inferOutputs(value('y').producer!),
        (error: unknown) =>
          error instanceof GgmaError && error.code === 'SHAPE_INVALID' && message.test(error.message),
        text,
      );
    }
  });

  it('broadcasting is symmetric and keeps a shape against its parts', () => {
    const dims = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 });
    fc.assert(
      fc.property(dims, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (shape, ones) => {
        const part = shape.map((dim, i) => (ones[i] ? 1 : dim)).slice(shape.length % 3);
        assert.deepEqual(broadcastShape(shape, part), shape);
        assert.deepEqual(broadcastShape(part, shape), shape);
      }),
    );
  });

  it('reshaping keeps the number of elements, the open size included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (shape, open) => {
          const target = shape.map((dim, i) => (i === open % shape.length ? -1 : dim));
          assert.deepEqual(reshapeTo([...shape].reverse(), target), shape);
        },
      ),
    );
  });

  it('slices as plain JavaScript does', () => {
    const bound = fc.integer({ min: -7, max: 7 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        bound,
        bound,
        fc.constantFrom(1, 2, 3),
        (size, begin, end, step) => {
          const masks = { beginMask: 0, endMask: 0, shrinkAxisMask: 0, offset: false };
          const [range] = sliceRanges([size], { begin: [begin], end: [end], strides: [step] }, masks);
          const want = Array.from({ length: size }, (_, i) => i)
            .slice(begin, end)
            .filter((_, i) => i % step === 0);
          const got = Array.from({ length: range!.count }, (_, i) => range!.begin + i * range!.step);
          assert.deepEqual(got, want);
        },
      ),
    );
  });
});
