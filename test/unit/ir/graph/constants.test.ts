import assert from 'node:assert/strict';
import { CompressionType, TensorType } from '../../../../lib/circle/index.ts';
import { GgmaError } from '../../../../lib/errors.ts';
import {
  bytesOf,
  elementCount,
  floatsOf,
  intsOf,
  isDense,
  scalarOf,
} from '../../../../lib/ir/graph/constants.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('ir/constants', () => {
  const { value } = textGraph(`
    input x f32[2]
    const f f32[2] = 1.5 -2
    const i i32[2] = 7 -8
    const l i64[2] = 9 -10
    const s f32[1,1] = 0.25
    const b bool[1] = 1`);

  it('reads integers of both widths, floats and scalars', () => {
    assert.deepEqual(
      [intsOf(value('i')), intsOf(value('l'))],
      [
        [7, -8],
        [9, -10],
      ],
    );
    assert.deepEqual(floatsOf(value('f')), Float32Array.of(1.5, -2));
    assert.equal(scalarOf(value('s')), 0.25);
  });

  it('gives nothing for other types, for values that are no constants and for none', () => {
    for (const read of [intsOf, floatsOf, scalarOf, bytesOf]) {
      assert.equal(read(value('x')), undefined);
      assert.equal(read(null), undefined);
    }
    assert.deepEqual(
      [intsOf(value('f')), floatsOf(value('i')), scalarOf(value('f'))],
      [undefined, undefined, undefined],
    );
    assert.deepEqual([intsOf(value('b')), bytesOf(value('b'))], [undefined, Uint8Array.of(1)]);
  });

  it('reads no elements out of sparse and compressed constants', () => {
    const { value } = textGraph(`
      const turned f32[2,2] {sparsity={traversalOrder=[1,0] dimMetadata=[{denseSize=2},{denseSize=2}]}} = 1 2 3 4
      const i i32[1] {sparsity={traversalOrder=[0] dimMetadata=[{denseSize=1}]}} = 1
      const packed f32[1] = 1
      const plain f32[1] = 1`);
    value('packed').attributes.compressionType = CompressionType.HUFFMAN;
    assert.deepEqual(
      ['turned', 'i', 'packed', 'plain'].map((name) => isDense(value(name))),
      [false, false, false, true],
    );
    assert.equal(floatsOf(value('turned')), undefined);
    assert.equal(intsOf(value('i')), undefined);
    assert.equal(scalarOf(value('packed')), undefined);
    // Copies keep them as they are.
    assert.equal(bytesOf(value('turned'))!.byteLength, 16);
  });

  it('reads bytes at any offset: buffers of files are 4-byte aligned only', () => {
    const bytes = new Uint8Array(17);
    new DataView(bytes.buffer).setBigInt64(1, -5n, true);
    new DataView(bytes.buffer).setBigInt64(9, 6n, true);
    const odd = textGraph('const l i64[2] = 0 0').value('l');
    odd.buffer = { data: bytes.subarray(1) };
    assert.deepEqual(intsOf(odd), [-5, 6]);
  });

  it('reads ranges of a file', () => {
    const made = textGraph('const f f32[1] = 0').value('f');
    made.buffer = { data: { byteLength: 4, read: () => Uint8Array.of(0, 0, 128, 63) } as never };
    assert.equal(scalarOf(made), 1);
  });

  it('refuses a buffer that is too small for its shape', () => {
    const short = textGraph('const f f32[2] = 1 2').value('f');
    short.shape = [3];
    assert.throws(
      () => floatsOf(short),
      (error: unknown) =>
        error instanceof GgmaError &&
        error.code === 'CIRCLE_INVALID' &&
        /expected 12 bytes for FLOAT32\[3\] 'f', got 8/.test(error.message),
    );
  });

  it('counts elements: a scalar has one, an empty shape axis none', () => {
    assert.deepEqual([elementCount([]), elementCount([2, 3]), elementCount([2, 0])], [1, 6, 0]);
    assert.equal(TensorType.FLOAT32, 0);
  });
});
