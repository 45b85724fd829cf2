import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type FloatEncodingName, floatEncodings } from '../../../lib/circle/blocks.ts';
import { float16OfBits, widenFloat16 } from '../../../lib/circle/half.ts';
import { widen } from '../../../lib/ir/evaluate/index.ts';

const names = Object.keys(floatEncodings) as FloatEncodingName[];

function encode(name: FloatEncodingName, floats: Float32Array): Uint8Array {
  const { bytes, elements, encode } = floatEncodings[name];
  const out = new Uint8Array((floats.length / elements) * bytes);
  encode(floats, new DataView(out.buffer));
  return out;
}

const roundTrip = (name: FloatEncodingName, floats: Float32Array) =>
  widen(floatEncodings[name].type, encode(name, floats), floats.length);

/** 32 floats of any size that is not far from the range of weights. */
const block = fc
  .array(fc.float({ min: -64, max: 64, noNaN: true, noDefaultInfinity: true }), {
    minLength: 32,
    maxLength: 32,
  })
  .map((floats) => Float32Array.from(floats));

describe('circle/half', () => {
  it('narrows what it widens to the same bits: every float16', () => {
    const halves = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
    const words = widenFloat16(halves);
    let count = 0;
    for (const half of halves) {
      const isNan = (half & 0x7fff) > 0x7c00;
      assert.equal(float16OfBits(words[half]!), isNan ? (half & 0x8000) | 0x7e00 : half);
      count++;
    }
    assert.equal(count, 65536);
  });

  it('takes the nearer neighbour, and of two as near the even one', () => {
    const values = new Float32Array(widenFloat16(Uint16Array.from({ length: 0x7c00 }, (_, i) => i)).buffer);
    const bitsOf = (x: number) => new Uint32Array(Float32Array.of(x).buffer)[0]!;
    for (let half = 0; half + 1 < values.length; half++) {
      const middle = (values[half]! + values[half + 1]!) / 2;
      // The middle of two halves is a float32, and so are its neighbours.
      const bits = bitsOf(middle);
      assert.equal(float16OfBits(bits - 1), half, `below the middle of ${values[half]}`);
      assert.equal(float16OfBits(bits), half % 2 === 0 ? half : half + 1, `the middle of ${values[half]}`);
      assert.equal(float16OfBits(bits + 1), half + 1, `above the middle of ${values[half]}`);
    }
    assert.equal(float16OfBits(bitsOf(65519)), 0x7bff);
    assert.equal(float16OfBits(bitsOf(65520)), 0x7c00);
    assert.equal(float16OfBits(bitsOf(Number.NEGATIVE_INFINITY)), 0xfc00);
  });
});

describe('circle/blocks', () => {
  it('q8_0 as the reference makes it: d = max / 127, halves away from zero', () => {
    const floats = new Float32Array(32);
    floats.set([127, -127, 0.5, -0.5, 1.5, -1.5, 0.49, 3]);
    const bytes = encode('q8_0', floats);
    assert.equal(bytes.length, 34);
    assert.deepEqual([bytes[0], bytes[1]], [0x00, 0x3c], 'a scale of 1');
    assert.deepEqual([...new Int8Array(bytes.buffer, 2, 8)], [127, -127, 1, -1, 2, -2, 0, 3]);
  });

  it('q4_0 as the reference makes it: d = the largest / −8, + 8.5, cut off', () => {
    const floats = new Float32Array(32);
    floats.set([-8, 7, 0, 1, -1]);
    floats[16] = 7.9; // too large for the side without the extra step
    floats[17] = -0.6;
    const bytes = encode('q4_0', floats);
    assert.equal(bytes.length, 18);
    assert.deepEqual([bytes[0], bytes[1]], [0x00, 0x3c], 'a scale of 1');
    assert.deepEqual([...bytes.subarray(2, 7)], [0xf0, 0x7f, 0x88, 0x89, 0x87]);
  });

  it('a block of zeros is zeros', () => {
    // q4_0's are −0, as the reference's: 0 / −8.
    for (const name of names)
      assert.ok(
        roundTrip(name, new Float32Array(32)).every((x) => x === 0),
        name,
      );
  });

  it('stays within half a step', () => {
    fc.assert(
      fc.property(block, (floats) => {
        const top = Math.max(...floats.map(Math.abs));
        // The scale itself is rounded to 11 bits, which moves every element by up to its share of 2^-11.
        const bounds: Record<FloatEncodingName, number> = {
          f16: top * 2 ** -11,
          bf16: top * 2 ** -8,
          q8_0: top / 127 / 2 + top * 2 ** -11,
          // The last step of the shorter side is cut off: a whole one.
          q4_0: top / 8 + top * 2 ** -11,
        };
        for (const name of names) {
          const out = roundTrip(name, floats);
          floats.forEach((x, i) => {
            assert.ok(Math.abs(out[i]! - x) <= bounds[name] + 2 ** -20, `${name}: ${x} became ${out[i]}`);
          });
        }
      }),
    );
  });

  it('keeps what it can hold: halves and blocks that come from blocks', () => {
    fc.assert(
      fc.property(block, (floats) => {
        for (const name of ['f16', 'bf16'] as const) {
          const once = roundTrip(name, floats);
          assert.deepEqual(roundTrip(name, once), once, name);
        }
      }),
    );
  });

  it('is different for each encoding', () => {
    const floats = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));
    const made = new Set(names.map((name) => Buffer.from(encode(name, floats)).toString('hex')));
    assert.equal(made.size, names.length);
  });
});
