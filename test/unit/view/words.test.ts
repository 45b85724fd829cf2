import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bytesText, pack, plural, wrap } from '../../../lib/view/words.ts';

describe('view/words', () => {
  it('breaks long names behind separators, and cuts nothing off', () => {
    assert.deepEqual(wrap('input_ids'), ['input_ids']);
    assert.deepEqual(wrap('past_key_values_of_the_first_attention_block'), [
      'past_key_values_of_the_first_',
      'attention_block',
    ]);
    assert.deepEqual(wrap('1×16×30×4 → 1×16×32×4 in both of them'), [
      '1×16×30×4 → 1×16×32×4 in both',
      'of them',
    ]);
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 250 }).filter((text) => !/\s/.test(text)),
        (text) => {
          const lines = wrap(text, 40);
          assert.equal(lines.join(''), text);
          for (const line of lines) assert.ok(line.length <= 40);
        },
      ),
      { seed: 3 },
    );
  });

  it('ends a text of any length', () => {
    const lines = wrap('x'.repeat(100_000));
    assert.equal(lines.length, 8);
    assert.ok(lines.at(-1)!.endsWith('…'));
    assert.deepEqual(wrap(''), ['']);
  });

  it('packs items without breaking one that has room', () => {
    assert.deepEqual(pack(['[0, 0, 0, 0]', '[1, 1, 1, 31]', '[1, 1, 1, 1]']), [
      '[0, 0, 0, 0], [1, 1, 1, 31]',
      '[1, 1, 1, 1]',
    ]);
    assert.deepEqual(pack([]), []);
    assert.equal(pack(['a'.repeat(50), 'b']).at(-1), `${'a'.repeat(18)}, b`);
  });

  it('writes counts and sizes', () => {
    assert.deepEqual([plural(1, 'operator'), plural(1200, 'operator')], ['1 operator', '1,200 operators']);
    const sizes = [0, 999, 1000, 1234, 999_499, 999_500, 2_630_488, 1e12, 1e15];
    assert.deepEqual(sizes.map(bytesText), [
      '0 B',
      '999 B',
      '1 kB',
      '1.23 kB',
      '999 kB',
      '1 MB',
      '2.63 MB',
      '1 TB',
      '1000 TB',
    ]);
  });
});
