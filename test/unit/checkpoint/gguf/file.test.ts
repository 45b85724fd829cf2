import assert from 'node:assert/strict';
import { ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGgufFile } from '../../../../lib/checkpoint/gguf/file.ts';
import { readBytes } from '../../../../lib/circle/index.ts';
import { GgmaError } from '../../../../lib/errors.ts';
import { scratchFolder } from '../../../support/checkpoint.ts';
import { type GgufOptions, type GgufTensor, ggufBytes, type Value } from '../../../support/gguf.ts';

describe('checkpoint/gguf/file', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  before(() => {
    scratch = scratchFolder();
  });
  after(() => scratch.remove());

  const read = (bytes: Uint8Array) => {
    const path = join(scratch.path, 'file.gguf');
    writeFileSync(path, bytes);
    return readGgufFile(path);
  };
  const floats = (...values: number[]): GgufTensor => ({
    ...{ shape: [values.length], type: 0, bytes: new Uint8Array(Float32Array.from(values).buffer) },
  });
  const two = { a: floats(1, 2, 3), b: floats(4) };
  const refuses = (
    metadata: Readonly<Record<string, Value>>,
    tensors: Readonly<Record<string, GgufTensor>>,
    code: string,
    message: RegExp,
    options?: GgufOptions,
  ) => assert.throws(() => read(ggufBytes(metadata, tensors, options)), { code, message });

  it('reads values of every type', () => {
    const { metadata } = read(
      ggufBytes(
        {
          ...{ u8: ['u8', 255], i8: ['i8', -1], u16: ['u16', 65535], i16: ['i16', -2], u32: ['u32', 7] },
          ...{
            i32: ['i32', -7],
            f32: ['f32', 0.1],
            f64: ['f64', 0.1],
            yes: ['bool', true],
            no: ['bool', false],
          },
          ...{ u64: ['u64', 5n], huge: ['u64', 2n ** 64n - 1n], i64: ['i64', -5n], text: ['string', 'é🙂'] },
          list: ['array', 'string', ['a', '', 'ü']],
          numbers: ['array', 'i16', [1, -2]],
          flags: ['array', 'bool', [true, false]],
        },
        {},
      ),
    );
    const { get, integer } = {
      get: (key: string) => metadata.get(key),
      integer: (key: string) => metadata.integer(key),
    };
    assert.deepEqual(
      ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'f64', 'yes', 'no', 'u64', 'huge', 'i64', 'text'].map(
        get,
      ),
      [255, -1, 65535, -2, 7, -7, 0.1, 0.1, true, false, 5, 2n ** 64n - 1n, -5, 'é🙂'],
    );
    assert.deepEqual(metadata.strings('list')!.all, ['a', '', 'ü']);
    assert.deepEqual([...metadata.numbers('numbers')!], [1, -2]);
    assert.deepEqual([...metadata.numbers('flags')!], [1, 0]);
    assert.equal(metadata.keys.length, 17);
    assert.deepEqual([integer('u32'), integer('absent'), metadata.same('u8')], [7, null, 255]);
    for (const [key, message] of [
      ['huge', /a whole number below 2\^31 for huge, got 18446744073709551615/],
      ['i32', /got -7/],
      ['text', /got "é🙂"/],
      ['list', /got a list of 3/],
    ] as const)
      assert.throws(() => integer(key), { code: 'GGUF_METADATA', message });
    assert.throws(() => metadata.same('numbers'), {
      code: 'GGUF_METADATA',
      message: /the same for each layer/,
    });
    assert.throws(() => metadata.text('u8'), { code: 'GGUF_METADATA', message: /a text for u8, got 255/ });
    assert.throws(() => metadata.flag('u8'), { code: 'GGUF_METADATA' });
    assert.throws(() => metadata.strings('numbers'), { code: 'GGUF_METADATA' });
    assert.throws(() => metadata.numbers('list'), { code: 'GGUF_METADATA' });
  });

  it('finds tensors where they lie, with any alignment', () => {
    for (const alignment of [8, 32, 256]) {
      const metadata: Record<string, Value> =
        alignment === 32 ? {} : { 'general.alignment': ['u32', alignment] };
      const { tensors } = read(ggufBytes(metadata, two, { alignment }));
      assert.deepEqual([...tensors.keys()], ['a', 'b']);
      assert.deepEqual(readBytes(tensors.get('a')!.source), two.a.bytes);
      assert.deepEqual(readBytes(tensors.get('b')!.source), two.b.bytes);
    }
    const matrix = { shape: [2, 3], type: 1, bytes: new Uint8Array(12) };
    assert.deepEqual(read(ggufBytes({}, { matrix })).tensors.get('matrix')!.shape, [2, 3]);
  });

  it('reads heads that are longer than the first range', () => {
    const pieces = Array.from({ length: 200_000 }, (_, i) => `piece ${i}`);
    const { metadata, tensors } = read(ggufBytes({ pieces: ['array', 'string', pieces] }, two));
    assert.deepEqual(metadata.strings('pieces')!.all.at(-1), 'piece 199999');
    assert.deepEqual(readBytes(tensors.get('b')!.source), two.b.bytes);
  });

  it('refuses what is no GGUF file, and versions that it does not know', () => {
    assert.throws(() => read(Buffer.from('GGU')), { code: 'GGUF_TRUNCATED' });
    assert.throws(() => read(Buffer.from('GGML and more')), {
      code: 'GGUF_HEADER',
      message: /begins with GGUF/,
    });
    for (const version of [0, 1, 4])
      refuses({}, {}, 'UNSUPPORTED', new RegExp(`version 2 or 3, got ${version}`), { version });
    refuses({}, {}, 'UNSUPPORTED', /big-endian/, { version: 0x03000000 });
    assert.throws(() => readGgufFile(join(scratch.path, 'absent.gguf')), { code: 'GGUF_READ' });
  });

  it('refuses counts and lengths that the file cannot hold, before anything of that size is made', () => {
    const long = (n: bigint) => new Uint8Array(BigUint64Array.of(n).buffer);
    const array = (type: number, n: bigint) =>
      Buffer.concat([new Uint8Array(Uint32Array.of(type).buffer), long(n), new Uint8Array(16)]);
    for (const n of [10n ** 6n, 2n ** 40n, 2n ** 53n - 1n]) {
      refuses({ x: ['raw', 8, long(n)] }, {}, 'GGUF_TRUNCATED', /"x"/);
      for (const type of [0, 4, 6, 8, 12])
        refuses({ x: ['raw', 9, array(type, n)] }, {}, 'GGUF_TRUNCATED', /"x"/);
      refuses({}, two, 'GGUF_TRUNCATED', /./, { tensorCount: n });
      refuses({}, {}, 'GGUF_TRUNCATED', /./, { valueCount: n });
    }
    for (const n of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      refuses({ x: ['raw', 8, long(n)] }, {}, 'GGUF_HEADER', /less than 2\^53 for the length of "x"/);
      refuses({ x: ['raw', 9, array(8, n)] }, {}, 'GGUF_HEADER', /"x"/);
      refuses({}, {}, 'GGUF_HEADER', /the number of tensors/, { tensorCount: n });
      refuses({}, {}, 'GGUF_HEADER', /the number of values/, { valueCount: n });
    }
    // A file with a hole of a gigabyte, in which the length does lie.
    const path = join(scratch.path, 'sparse.gguf');
    writeFileSync(path, ggufBytes({ x: ['raw', 8, long(2n ** 29n)] }, {}));
    ftruncateSync(openSync(path, 'r+'), 2 ** 30);
    assert.throws(() => readGgufFile(path), {
      code: 'GGUF_HEADER',
      message: /at most 268435456 bytes of metadata/,
    });
  });

  it('refuses types of values that there are not, lists of lists, and keys given twice', () => {
    refuses({ x: ['raw', 13, new Uint8Array(8)] }, {}, 'GGUF_METADATA', /type 0 to 12 for "x", got type 13/);
    const nested = Buffer.from([9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    refuses({ x: ['raw', 9, nested] }, {}, 'GGUF_METADATA', /got an array of arrays/);
    const once = ggufBytes({ aa: ['u8', 1], bb: ['u8', 2] }, {});
    Buffer.from(once.buffer, once.byteOffset).write('aa', Buffer.from(once).indexOf('bb'));
    assert.throws(() => read(once), { code: 'GGUF_METADATA', message: /each key once, got "aa" again/ });
    for (const value of [
      ['u32', 0],
      ['u32', 24],
      ['u32', 2 ** 30],
      ['string', '32'],
    ] as Value[])
      refuses({ 'general.alignment': value }, {}, 'GGUF_METADATA', /general\.alignment/);
  });

  it('refuses shapes, types and places that cannot be, with the tensor’s name', () => {
    const { a } = two;
    const refusesTensor = (changes: Partial<GgufTensor>, code: string, message: RegExp) =>
      refuses({}, { a: { ...a, ...changes } }, code, message);
    refusesTensor({ shape: [] }, 'GGUF_TENSOR', /1 to 4 dimensions for 'a', got 0/);
    refusesTensor({ shape: [1, 1, 1, 1, 3] }, 'GGUF_TENSOR', /1 to 4 dimensions for 'a', got 5/);
    refusesTensor({ shape: [3, 0] }, 'GGUF_TENSOR', /a size from 1 to 2\^53 for 'a'/);
    refusesTensor({ shape: [2 ** 40, 2 ** 40] }, 'GGUF_TENSOR', /a size from 1/);
    refusesTensor({ shape: [2, 48], type: 2 }, 'GGUF_TENSOR', /blocks of 32 for 'a' Q4_0, got \[2, 48\]/);
    refusesTensor({ type: 999 }, 'UNSUPPORTED', /a known type for 'a', got type 999/);
    refusesTensor({ type: 4 }, 'UNSUPPORTED', /type 4/);
    refusesTensor({ offset: 7 }, 'GGUF_TENSOR', /a multiple of 32 as the offset of 'a', got 7/);
    refusesTensor({ offset: 32 }, 'GGUF_TRUNCATED', /'a' to end at byte/);
    refusesTensor({ shape: [1000] }, 'GGUF_TRUNCATED', /'a' to end at byte/);
    refuses({}, { a, b: { ...two.b, offset: 0 } }, 'GGUF_TENSOR', /'b' to begin behind 'a'.*|'a' to begin/);
    const twice = Buffer.from(ggufBytes({}, { aa: a, bb: two.b }));
    twice.write('aa', twice.indexOf('bb'));
    assert.throws(() => read(twice), { code: 'GGUF_TENSOR', message: /each tensor once, got 'aa' again/ });
  });

  it('every truncation ends with GGUF_TRUNCATED', () => {
    const bytes = ggufBytes({ x: ['array', 'string', ['a', 'b']], y: ['f32', 1] }, two);
    const end = bytes.length - 28; // Behind the last tensor is padding.
    for (let length = 0; length < end; length++) {
      const code = (() => {
        try {
          read(bytes.subarray(0, length));
        } catch (error) {
          return error instanceof GgmaError ? error.code : String(error);
        }
        return 'none';
      })();
      assert.equal(code, 'GGUF_TRUNCATED', `first ${length} of ${bytes.length} bytes`);
    }
    read(bytes.subarray(0, end));
  });
});
