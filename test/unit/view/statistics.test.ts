import assert from 'node:assert/strict';
import { TensorType } from '../../../lib/circle/index.ts';
import { statisticsOf, valuesOf } from '../../../lib/view/statistics.ts';
import { randomFloats, seeded } from '../../support/mutate.ts';

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const floats = (...numbers: number[]) => bytesOf(Float32Array.from(numbers));

describe('view/statistics', () => {
  it('gives count, range, mean, population deviation and a histogram of all elements', () => {
    const data = randomFloats(10_000, seeded(3));
    const found = statisticsOf(TensorType.FLOAT32, [100, 100], bytesOf(data))!;
    const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
    const std = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length);
    assert.ok(Math.abs(found.mean - mean) < 1e-6);
    assert.ok(Math.abs(found.std - std) < 1e-6);
    assert.ok(Math.abs(found.min - Math.min(...data)) < 1e-5);
    assert.ok(Math.abs(found.max - Math.max(...data)) < 1e-5);
    assert.deepEqual([found.count, found.nonFinite], [10_000, 0]);
    assert.equal(
      found.histogram.reduce((a, b) => a + b),
      10_000,
    );
    assert.equal(found.histogram.length, 32);
    assert.ok(
      found.histogram.every((n) => n > 200 && n < 430),
      'uniform numbers fill every bin alike',
    );
  });

  it('counts the largest element in the last bin, and equal elements in one', () => {
    const { histogram } = statisticsOf(TensorType.FLOAT32, [4], floats(0, 0, 1, 32))!;
    assert.deepEqual([histogram[0], histogram[1], histogram[31]], [2, 1, 1]);
    const same = statisticsOf(TensorType.FLOAT32, [3], floats(-7, -7, -7))!;
    assert.deepEqual([same.min, same.max, same.std, same.histogram], [-7, -7, 0, [3]]);
    const wide = statisticsOf(TensorType.FLOAT32, [2], floats(-3.4e38, 3.4e38))!;
    assert.deepEqual([wide.histogram[0], wide.histogram[31]], [1, 1]);
  });

  it('leaves NaN and infinities out, and counts them', () => {
    const found = statisticsOf(TensorType.FLOAT32, [5], floats(NaN, Infinity, -Infinity, 0, 2))!;
    const { count, nonFinite, zeros, min, max, mean } = found;
    assert.deepEqual([count, nonFinite, zeros, min, max, mean], [5, 3, 1, 0, 2, 1]);
    const none = statisticsOf(TensorType.FLOAT32, [1], floats(NaN))!;
    assert.deepEqual([none.nonFinite, none.mean, none.std], [1, 0, 0]);
    const huge = statisticsOf(TensorType.FLOAT64, [2], bytesOf(Float64Array.of(1.7e308, 1.7e308)))!;
    assert.doesNotMatch(JSON.stringify(huge), /null/);
  });

  it('reads every type that holds numbers', () => {
    const block = (scale: number, quants: number[]) => Uint8Array.of(scale & 255, scale >> 8, ...quants);
    const half = 0x3800; // 0.5 as float16
    const cases: [TensorType, number[], Uint8Array, number[]][] = [
      [TensorType.FLOAT64, [2], bytesOf(Float64Array.of(1.5, -2)), [1.5, -2]],
      [
        TensorType.FLOAT16,
        [5],
        bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x8000, 0x7bff)),
        [1, -2, 2 ** -24, -0, 65504],
      ],
      [TensorType.BFLOAT16, [2], bytesOf(Uint16Array.of(0x3f80, 0xc040)), [1, -3]],
      [TensorType.INT64, [2], bytesOf(BigInt64Array.of(-5n, 7n)), [-5, 7]],
      [TensorType.UINT64, [1], bytesOf(BigUint64Array.of(9n)), [9]],
      [TensorType.INT32, [2], bytesOf(Int32Array.of(-5, 7)), [-5, 7]],
      [TensorType.UINT32, [1], bytesOf(Uint32Array.of(4e9)), [4e9]],
      [TensorType.INT16, [1], bytesOf(Int16Array.of(-300)), [-300]],
      [TensorType.UINT16, [1], bytesOf(Uint16Array.of(65535)), [65535]],
      [TensorType.INT8, [2], Uint8Array.of(0xff, 1), [-1, 1]],
      [TensorType.UINT8, [1], Uint8Array.of(255), [255]],
      [TensorType.BOOL, [2], Uint8Array.of(1, 0), [1, 0]],
      [TensorType.INT4, [3], Uint8Array.of(0x7f, 0x08), [-1, 7, -8]],
      [TensorType.UINT4, [3], Uint8Array.of(0x7f, 0x08), [15, 7, 8]],
    ];
    for (const [type, shape, bytes, expected] of cases)
      assert.equal(valuesOf(type, shape, bytes), expected.map(Number).map(shown).join(', '), `type ${type}`);
    const q8 = block(half, [...Array(31).fill(2), 0x80]);
    const eight = statisticsOf(TensorType.GGML_Q8_0, [1, 32], q8)!;
    assert.deepEqual([eight.count, eight.min, eight.max], [32, -64, 1]);
    // Element 0 is the low half of byte 0, element 16 its high half.
    const q4 = block(half, [0xf0, ...Array(15).fill(0x88)]);
    const four = statisticsOf(TensorType.GGML_Q4_0, [32], q4)!;
    assert.deepEqual([four.min, four.max, four.zeros], [-4, 3.5, 30]);
  });

  it('works at any byte offset and over many chunks', () => {
    const data = Float32Array.from({ length: 9000 }, (_, i) => i);
    const shifted = new Uint8Array(4 * data.length + 1);
    shifted.set(bytesOf(data), 1);
    const found = statisticsOf(TensorType.FLOAT32, [9000], shifted.subarray(1))!;
    assert.deepEqual([found.min, found.max, found.mean], [0, 8999, 4499.5]);
  });

  it('says nothing of what is no number, empty, or shorter than its shape', () => {
    assert.equal(statisticsOf(TensorType.STRING, [1], new Uint8Array(8)), undefined);
    assert.equal(statisticsOf(TensorType.FLOAT32, [0], new Uint8Array(0)), undefined);
    assert.equal(statisticsOf(TensorType.FLOAT32, [3], new Uint8Array(8)), undefined);
    assert.equal(statisticsOf(TensorType.FLOAT32, [-1], new Uint8Array(8)), undefined);
    assert.equal(statisticsOf(TensorType.GGML_Q8_0, [31], new Uint8Array(34)), undefined);
    assert.equal(valuesOf(TensorType.FLOAT32, [17], new Uint8Array(68)), undefined);
  });
});

const shown = (x: number) => String(Number.isSafeInteger(x) ? x : Number(x.toPrecision(6)));
