import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readFloats } from '../../../lib/checkpoint/index.ts';
import { readSafetensorsDir } from '../../../lib/checkpoint/safetensors.ts';
import { widenBfloat16, widenFloat16 } from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { floatTensor, framed, safetensors, scratchFolder } from '../../support/checkpoint.ts';

describe('checkpoint/safetensors', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    scratch = scratchFolder();
  });
  afterEach(() => scratch.remove());

  const open = (bytes: Uint8Array) => {
    writeFileSync(join(scratch.path, 'model.safetensors'), bytes);
    return readSafetensorsDir(scratch.path);
  };
  const codeOf = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof GgmaError, String(error));
      return error.code;
    }
    return 'none';
  };
  const header = (tensors: object, data = 8) => framed(JSON.stringify(tensors), new Uint8Array(data));
  const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });

  it('gives float32 of F32, F16 and BF16', () => {
    const weights = open(
      safetensors({
        a: floatTensor([2, 3]),
        half: { dtype: 'F16', shape: [3], bytes: new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 1).buffer) },
        brain: { dtype: 'BF16', shape: [2], bytes: new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer) },
      }),
    );
    const floats = (name: string) => [...readFloats(weights.get(name)!)];
    assert.deepEqual(new Uint8Array(readFloats(weights.get('a')!).buffer), floatTensor([2, 3]).bytes);
    assert.deepEqual(floats('half'), [1, -2, 2 ** -24]);
    assert.deepEqual(floats('brain'), [1, -3]);
    assert.deepEqual(
      [...weights].map(([name, { shape, dtype }]) => [name, shape, dtype.name]),
      [
        ['a', [2, 3], 'F32'],
        ['half', [3], 'F16'],
        ['brain', [2], 'BF16'],
      ],
    );
  });

  it('widens every half exactly', () => {
    const every = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const wide = new Float32Array(widenFloat16(every).buffer);
    const brain = new Float32Array(widenBfloat16(every).buffer);
    let finite = 0;
    for (const bits of every) {
      const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
      const scaled = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      const expected =
        exponent < 31 ? sign * scaled : fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
      assert.ok(Object.is(wide[bits], expected), `f16 ${bits}: ${wide[bits]} for ${expected}`);
      if (exponent < 31) finite++;
      const upper = new DataView(brain.buffer).getUint32(4 * bits, true);
      assert.equal(upper, bits * 65536);
    }
    assert.equal(finite, 2 * 31 * 1024);
  });

  it('fault 7: refuses heads that cannot be', () => {
    const length = (n: bigint) => Buffer.from(BigUint64Array.of(n).buffer);
    const cases: [string, Uint8Array][] = [
      ['SAFETENSORS_TRUNCATED', new Uint8Array(7)],
      ['SAFETENSORS_TRUNCATED', length(1n)],
      ['SAFETENSORS_HEADER', length(100_000_001n)],
      ['SAFETENSORS_HEADER', length(2n ** 53n + 1n)],
      ['SAFETENSORS_HEADER', length(2n ** 64n - 1n)],
      ['SAFETENSORS_HEADER', framed(' {}', new Uint8Array())],
      ['SAFETENSORS_HEADER', framed('[]', new Uint8Array())],
      ['SAFETENSORS_HEADER', framed('{"a":', new Uint8Array())],
      ['SAFETENSORS_HEADER', framed('{"__metadata__":{"a":1}}', new Uint8Array())],
      ['SAFETENSORS_HEADER', framed('{"a":1}', new Uint8Array())],
      ['SAFETENSORS_HEADER', Buffer.concat([length(3n), Buffer.from([0x7b, 0xff, 0x7d])])],
      ['SAFETENSORS_HEADER', framed('{"a":{},"a":{}}', new Uint8Array())],
    ];
    for (const [code, bytes] of cases)
      assert.equal(
        codeOf(() => open(bytes)),
        code,
        Buffer.from(bytes).toString(),
      );
    assert.equal(
      codeOf(() => open(framed('{}   ', new Uint8Array()))),
      'none',
    );
  });

  it('fault 8: refuses holes, overlaps, wrong sizes and types, with the name', () => {
    const cases: [string, RegExp, Uint8Array][] = [
      ['SAFETENSORS_OFFSETS', /'b'.*overlap/, header({ a: entry(0, 8), b: entry(4, 8) })],
      ['SAFETENSORS_OFFSETS', /'b'.*hole/, header({ a: entry(0, 4), b: entry(8, 12) }, 12)],
      ['SAFETENSORS_OFFSETS', /'a'.*hole/, header({ a: entry(4, 8) })],
      ['SAFETENSORS_OFFSETS', /'a'/, header({ a: entry(8, 0, [2]) })],
      ['SAFETENSORS_OFFSETS', /'a'/, header({ a: { ...entry(0, 8), data_offsets: [0, -8] } })],
      ['SAFETENSORS_OFFSETS', /last tensor 'a'/, header({ a: entry(0, 8) }, 9)],
      ['SAFETENSORS_OFFSETS', /last tensor 'a'/, header({ a: entry(0, 8) }, 4)],
      ['SAFETENSORS_OFFSETS', /8 bytes for 'a'/, header({ a: entry(0, 4, [2]) }, 4)],
      ['SAFETENSORS_SHAPE', /'a'/, header({ a: entry(0, 8, [2 ** 40, 2 ** 40]) })],
      ['SAFETENSORS_SHAPE', /'a'/, header({ a: entry(0, 8, [1.5]) })],
      ['SAFETENSORS_DTYPE', /'a'/, header({ a: entry(0, 8, [2], 'F31') })],
      ['SAFETENSORS_DTYPE', /'a'/, header({ a: entry(0, 8, [2], 'toString') })],
    ];
    for (const [code, message, bytes] of cases) assert.throws(() => open(bytes), { code, message });
    const integers = open(header({ a: entry(0, 8, [1], 'I64') }));
    assert.throws(() => readFloats(integers.get('a')!), { code: 'WEIGHTS', message: /'a', got I64/ });
  });

  it('fault 7, 8: every cut and every changed byte of the head gives weights or SAFETENSORS_*', () => {
    const whole = safetensors({ a: floatTensor([2, 2]), b: floatTensor([3]) });
    const head = whole.length - 28;
    let refused = 0;
    for (let n = 0; n < whole.length; n++) {
      assert.match(
        codeOf(() => open(whole.subarray(0, n))),
        /^SAFETENSORS_/,
      );
    }
    fc.assert(
      fc.property(fc.nat(head - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(whole);
        bytes[at]! ^= change;
        const code = codeOf(() => open(bytes));
        assert.match(code, /^(none$|SAFETENSORS_)/);
        if (code !== 'none') refused++;
      }),
      { numRuns: 300 },
    );
    assert.ok(refused > 0);
  });

  describe('shards', () => {
    const shards = (map: object, files: Record<string, Uint8Array>) => {
      const dir = join(scratch.path, 'model');
      mkdirSync(dir);
      writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
      for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), bytes);
      return readSafetensorsDir(dir);
    };
    const one = safetensors({ a: floatTensor([2]) });
    const two = safetensors({ b: floatTensor([3]) });

    it('joins them', () => {
      const weights = shards(
        { a: '1.safetensors', b: '2.safetensors' },
        { '1.safetensors': one, '2.safetensors': two },
      );
      assert.deepEqual(weights.get('a')!.shape, [2]);
      assert.deepEqual(new Uint8Array(readFloats(weights.get('b')!).buffer), floatTensor([3]).bytes);
    });

    it('fault 9: refuses a missing shard, a tensor that is elsewhere, and one that nobody mentions', () => {
      const cases: [object, Record<string, Uint8Array>][] = [
        [{ a: '1.safetensors', b: '2.safetensors' }, { '1.safetensors': one }],
        [{ a: '1.safetensors', b: '1.safetensors' }, { '1.safetensors': one }],
        [
          { a: '1.safetensors' },
          { '1.safetensors': safetensors({ a: floatTensor([2]), b: floatTensor([3]) }) },
        ],
        [{}, {}],
      ];
      for (const [map, files] of cases) {
        assert.equal(
          codeOf(() => shards(map, files)),
          'SHARD',
        );
        scratch.remove();
        scratch = scratchFolder();
      }
    });

    it('fault 9: never leaves the folder', () => {
      writeFileSync(join(scratch.path, 'x.safetensors'), one);
      const escapes = [
        '../x.safetensors',
        join(scratch.path, 'x.safetensors'),
        '..\\x.safetensors',
        '..',
        '',
        7,
        null,
      ];
      for (const [i, name] of escapes.entries()) {
        const dir = join(scratch.path, `m${i}`);
        mkdirSync(dir);
        writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: name } }));
        assert.equal(
          codeOf(() => readSafetensorsDir(dir)),
          'PATH_ESCAPE',
          String(name),
        );
      }
    });
  });

  it('refuses a folder without weights', () => {
    assert.equal(
      codeOf(() => readSafetensorsDir(scratch.path)),
      'WEIGHTS_MISSING',
    );
  });
});
