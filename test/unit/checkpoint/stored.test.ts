import assert from 'node:assert/strict';
import { bf16, type Dtype, f16, f32, safetensorsDtypes } from '../../../lib/checkpoint/dtypes.ts';
import type { CheckpointTensor } from '../../../lib/checkpoint/index.ts';
import { fitsRows, readFloats, stored, storedDtypes } from '../../../lib/checkpoint/index.ts';
import {
  type ByteSource,
  copyBytes,
  floatEncodings,
  readBytes,
  TensorType,
} from '../../../lib/circle/index.ts';
import { randomFloats, seeded } from '../../support/mutate.ts';

const tensor = (dtype: Dtype, source: ByteSource, name = 'w'): CheckpointTensor => ({
  name,
  dtype,
  shape: [source.byteLength / dtype.bytes],
  source,
  path: 'model.safetensors',
});
const floatsTensor = (...values: number[]) => tensor(f32, new Uint8Array(Float32Array.from(values).buffer));
/** What the filter `quantize` would write. */
const encoded = (floats: Float32Array, name: keyof typeof floatEncodings) => {
  const { elements, bytes, encode } = floatEncodings[name];
  const target = new Uint8Array((floats.length / elements) * bytes);
  encode(floats, new DataView(target.buffer));
  return target;
};
const widened = (dtype: Dtype, bytes: Uint8Array) => {
  const floats = new Float32Array((bytes.length / dtype.bytes) * dtype.elements);
  dtype.decode!(bytes.slice(), floats);
  return floats;
};

describe('checkpoint/stored', () => {
  const count = 3 * 2 ** 16 + 96;
  const values = randomFloats(count, seeded(3));
  const halves = encoded(values, 'f16');
  const brains = encoded(values, 'bf16');
  const sources: [Dtype, Uint8Array][] = [
    [f32, new Uint8Array(values.buffer)],
    [f16, halves],
    [bf16, brains],
  ];

  for (const [dtype, bytes] of sources)
    for (const wanted of storedDtypes)
      it(`${dtype.name} as ${wanted}, whole and in pieces that fit no block`, () => {
        const { type, source } = stored(tensor(dtype, bytes), wanted);
        const floats = widened(dtype, bytes);
        const expected =
          wanted === 'auto'
            ? bytes
            : wanted === 'f32'
              ? new Uint8Array(floats.buffer)
              : encoded(floats, wanted);
        const types = { auto: dtype.type, f32: TensorType.FLOAT32 };
        assert.equal(
          type,
          wanted === 'auto' || wanted === 'f32' ? types[wanted] : floatEncodings[wanted].type,
        );
        assert.ok(Buffer.from(expected).equals(readBytes(source)), 'whole');
        const inPieces = new Uint8Array(1 + source.byteLength);
        for (let at = 0; at < source.byteLength; at += 100_003)
          copyBytes(source, at, inPieces.subarray(1 + at, 1 + Math.min(source.byteLength, at + 100_003)));
        assert.ok(Buffer.from(expected).equals(inPieces.subarray(1)), 'in pieces');
      });

  it('says when reading begins, once, and not before', () => {
    const said: string[] = [];
    const { source } = stored(floatsTensor(1, 2), 'f32', { onRead: (name) => said.push(name) });
    assert.deepEqual(said, []);
    readBytes(source);
    readBytes(source);
    assert.deepEqual(said, ['w']);
  });

  it('fault 11: tells of values that are not finite, once, where the type can hold them', () => {
    for (const wanted of ['auto', 'f32', 'f16', 'bf16'] as const)
      for (const odd of [Number.NaN, Infinity, -Infinity]) {
        const said: string[] = [];
        const options = { onNotFinite: (name: string) => said.push(name) };
        const { source } = stored(floatsTensor(1, odd, 3), wanted, options);
        readBytes(source);
        readBytes(source);
        assert.deepEqual(said, ['w'], `${wanted} ${odd}`);
        readBytes(stored(floatsTensor(1, 2, 3), wanted, options).source);
        assert.deepEqual(said, ['w'], 'nothing is odd');
      }
  });

  it('fault 11: refuses them in blocks, with the element', () => {
    const list = new Array<number>(64).fill(0.5);
    list[40] = Number.NaN;
    for (const wanted of ['q8_0', 'q4_0'] as const) {
      const { source } = stored(floatsTensor(...list), wanted);
      assert.throws(() => readBytes(source), {
        code: 'WEIGHTS',
        path: 'model.safetensors',
        message: new RegExp(`^expected values that ${wanted} can hold for 'w', got NaN at element 40; f32 `),
      });
    }
  });

  it('refuses what would become infinite, and nothing smaller', () => {
    const block = (value: number) => floatsTensor(...new Array<number>(31).fill(0), value);
    const limits = {
      f16: [65519, 65520],
      bf16: [(2 - 2 ** -8) * 2 ** 127 * (1 - 2 ** -20), (2 - 2 ** -8) * 2 ** 127],
      q8_0: [127 * 65519, 127 * 65520],
      q4_0: [8 * 65519, 8 * 65520],
    } as const;
    for (const name of Object.keys(limits) as (keyof typeof limits)[])
      for (const sign of [1, -1]) {
        const [fine, large] = limits[name];
        const bytes = readBytes(stored(block(sign * fine), name).source);
        const [scale] = name === 'q8_0' || name === 'q4_0' ? [bytes.slice(0, 2)] : [bytes.slice(-2)];
        const bits = new Uint16Array(scale!.buffer)[0]! & 0x7fff;
        assert.ok(bits < (name === 'bf16' ? 0x7f80 : 0x7c00), `${name} is finite`);
        assert.throws(() => readBytes(stored(block(sign * large), name).source), { code: 'WEIGHTS' });
      }
  });

  it('adds one, in float32', () => {
    const { source } = stored(floatsTensor(0.1, -1, 2 ** -30, 3), 'f32', { addOne: true });
    const floats = new Float32Array(readBytes(source).slice().buffer);
    assert.deepEqual([...floats], [Math.fround(1 + Math.fround(0.1)), 0, 1, 4]);
  });

  it('reads a whole tensor, and refuses types that are no weights', () => {
    assert.deepEqual([...readFloats(floatsTensor(1, 2))], [1, 2]);
    const integers = tensor(safetensorsDtypes.get('I32')!, new Uint8Array(8));
    assert.throws(() => readFloats(integers), {
      code: 'WEIGHTS',
      message: "expected F32, F16 or BF16 for 'w', got I32",
    });
  });

  it('knows which rows blocks fill', () => {
    assert.deepEqual(
      storedDtypes.map((dtype) => [dtype, fitsRows(dtype, 48)]),
      [
        ['auto', true],
        ['f32', true],
        ['f16', true],
        ['bf16', true],
        ['q8_0', false],
        ['q4_0', false],
      ],
    );
    assert.ok(fitsRows('q4_0', 64));
  });
});
