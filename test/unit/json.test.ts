import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GgmaError } from '../../lib/errors.ts';
import { parseJson, parseJsonObject } from '../../lib/json.ts';

const parse = (text: string) => parseJson(Buffer.from(text), 'config.json');
/** Objects of the strict reader have no prototype. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('json', () => {
  it('reads what JSON.parse reads (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium', maxDepth: 6 }), fc.nat(4), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        // A key __proto__ is refused, below.
        if (!text.includes('"__proto__"')) assert.deepEqual(plain(parse(text)), JSON.parse(text));
      }),
      { numRuns: 1000, seed: 17 },
    );
    assert.deepEqual(plain(parse(' {"a\\u00e9\\n":[1.5e-3,-0,true,null,"\\ud83d\\ude00é"]}\r\n')), {
      'aé\n': [1.5e-3, 0, true, null, '😀é'],
    });
  });

  it('accepts and refuses exactly what JSON.parse does, duplicates aside (property)', () => {
    let refused = 0;
    const broken = fc.tuple(
      fc.jsonValue({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom('', ',', '"', ']', '0', '\\', '\t'),
    );
    fc.assert(
      fc.property(broken, ([value, at, insert]) => {
        const text = JSON.stringify(value);
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + insert + text.slice(insert === '' ? place + 1 : place);
        let expected: unknown;
        try {
          expected = JSON.parse(changed);
        } catch {
          assert.throws(() => parse(changed), { code: 'CONFIG', message: /line \d+, column \d+/ }, changed);
          refused++;
          return;
        }
        let got: unknown;
        try {
          got = parse(changed);
        } catch (error) {
          assert.match(String(error), /a new key|ordinary key/, changed);
          return;
        }
        assert.deepEqual(plain(got), JSON.parse(JSON.stringify(expected)), changed);
      }),
      { numRuns: 2000, seed: 19 },
    );
    assert.ok(refused > 500, `${refused} refused`);
  });

  it('fault 3: says where it went wrong', () => {
    const cases: [string, RegExp][] = [
      ['\ufeff{}', /byte order mark, got U\+FEFF at line 1, column 1$/],
      ['{} x', /the end of the file, got "x" at line 1, column 4$/],
      ['{"a": 1}\n{"b": 2}', /got "\{" at line 2, column 1$/],
      ['', /a JSON value, got the end of the file at line 1, column 1$/],
      ['{\n  "a": 1,\n  "b": tru\n}', /a JSON value, got "tru" at line 3, column 8$/],
      ['{"a": 1,}', /a key in double quotes, got "}" at line 1, column 9$/],
      ["{'a': 1}", /a key in double quotes/],
      ['{"a" 1}', /":", got "1" at line 1, column 6$/],
      ['[1 2]', /"," or "]", got "2" at line 1, column 4$/],
      ['{"a": 1,\n "a": 2}', /a new key, got "a" again at line 2, column 2$/],
      ['{"\\u0061": 1, "a": 2}', /a new key/],
      ['{"x": {"__proto__": {"bad": 1}}}', /an ordinary key, got .*__proto__.* at line 1, column 8$/],
      ['["a\nb"]', /wrong escape or a control character at line 1, column 2$/],
      ['["\\x"]', /wrong escape/],
      ['["abc]', /a JSON value/],
      ['[01]', /"," or "]", got "1"/],
      ['[NaN]', /got "NaN" at line 1, column 2$/],
      [`${'['.repeat(65)}${']'.repeat(65)}`, /64 levels/],
    ];
    for (const [text, pattern] of cases)
      assert.throws(
        () => parse(text),
        (error) =>
          error instanceof GgmaError &&
          error.code === 'CONFIG' &&
          error.path === 'config.json' &&
          (pattern.test(error.message) || assert.fail(`${text}: ${error.message}`)),
      );
    assert.equal(({} as Record<string, unknown>).bad, undefined);
    assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 'f'), {
      code: 'CONFIG',
      message: /UTF-8/,
    });
  });

  it('wants an object where it must be one', () => {
    assert.deepEqual(plain(parseJsonObject(Buffer.from('{"a":1}'), 'f')), { a: 1 });
    assert.equal(parseJsonObject(Buffer.from('{}'), 'f').constructor, undefined);
    for (const text of ['[]', '[{"a":1}]', 'null', '7', '"x"'])
      assert.throws(() => parseJsonObject(Buffer.from(text), 'f'), {
        code: 'CONFIG',
        message: /a JSON object, got .* line 1/,
      });
  });
});
