import assert from 'node:assert/strict';
import { MadeUnits, withScratch } from '../../../lib/circle/index.ts';

describe('circle/made', () => {
  const unit = 6;
  const whole = Uint8Array.from({ length: 50 * unit }, (_, i) => i % 251);

  it('gives any bytes of what is made in whole units, and makes no others', () => {
    const made: [first: number, count: number][] = [];
    const source = new MadeUnits(whole.length, unit, (first, target) => {
      assert.equal(target.byteLength % unit, 0);
      made.push([first, target.byteLength / unit]);
      target.set(whole.subarray(first * unit, first * unit + target.byteLength));
    });
    assert.deepEqual(source.read(), whole);
    assert.deepEqual(made, [[0, 50]]);
    for (let from = 0; from <= 3 * unit; from++)
      for (let length = 0; length <= 3 * unit; length++) {
        made.length = 0;
        const target = new Uint8Array(length);
        source.copyTo(target, from);
        assert.deepEqual(target, whole.subarray(from, from + length), `${length} from ${from}`);
        const needed = length === 0 ? 0 : Math.ceil((from + length) / unit) - Math.floor(from / unit);
        assert.equal(
          made.reduce((sum, [, count]) => sum + count, 0),
          needed,
          `${length} from ${from}`,
        );
      }
  });

  it('makes large constants in pieces', () => {
    const sizes: number[] = [];
    const source = new MadeUnits(2 ** 20, 4, (_, target) => sizes.push(target.byteLength));
    source.read();
    assert.ok(sizes.length >= 4 && Math.max(...sizes) <= 2 ** 18, String(sizes));
  });

  it('makes units that are larger than a piece one at a time', () => {
    const sizes: number[] = [];
    const source = new MadeUnits(3 * 2 ** 19, 2 ** 19, (_, target) => sizes.push(target.byteLength));
    source.read();
    assert.deepEqual(sizes, [2 ** 19, 2 ** 19, 2 ** 19]);
  });

  it('lends memory that nobody else has at the time, and lends it again', () => {
    let first: ArrayBuffer | undefined;
    withScratch(100, (outer) => {
      assert.equal(outer.byteLength, 100);
      first = outer.buffer;
      withScratch(100, (inner) => assert.notEqual(inner.buffer, outer.buffer));
    });
    assert.throws(() => withScratch(8, () => assert.fail('thrown')), /thrown/);
    const again = [0, 1].map(() => withScratch(100, ({ buffer }) => buffer));
    assert.ok(again[0] === again[1]);
    assert.ok(first !== undefined);
    assert.equal(
      withScratch(2 ** 21, (large) => large.byteLength),
      2 ** 21,
    );
  });
});
