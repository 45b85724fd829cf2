import assert from 'node:assert/strict';
import { type Model, readModel, writeModel } from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { goldenBytes, goldenFiles, needShared } from '../../support/goldens.ts';
import { weightsModel } from '../../support/weights-model.ts';

function refusal(bytes: Uint8Array): GgmaError {
  try {
    readModel(bytes);
  } catch (error) {
    assert.ok(error instanceof GgmaError, String(error));
    return error;
  }
  assert.fail('expected a refusal');
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const small = (): Model => ({ ...weightsModel([new Uint8Array(64).fill(9)]), description: 'AAAABBBB' });

/** A flatbuffer put together by hand: little-endian words of 32 bits. */
function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, i) => {
    new DataView(bytes.buffer).setUint32(4 * i, value >>> 0, true);
  });
  return bytes;
}

const CIR0 = 0x30524943;

/** A small file whose subgraphs are all one table, and whose tensors are too: graphs × tensors objects. */
function shared(graphs: number, tensors: number): Uint8Array {
  const list: number[] = [];
  const at = () => 4 * list.length;
  const vtable = (tableSize: number, ...offsets: number[]) => {
    const place = at();
    const halves = [4 + 2 * offsets.length, tableSize, ...offsets];
    if (halves.length % 2 === 1) halves.push(0);
    for (let i = 0; i < halves.length; i += 2) list.push(halves[i]! | (halves[i + 1]! << 16));
    return place;
  };
  const table = (layout: number) => {
    const place = at();
    list.push(place - layout);
    return place;
  };
  /** A vector of `length` offsets to whatever follows it. */
  const vector = (length: number) => {
    list[list.length - 1] = 4;
    list.push(length);
    const target = at() + 4 * length;
    for (let i = 0; i < length; i++) list.push(target - at());
  };
  list.push(0, CIR0);
  const [model, graph, tensor] = [vtable(8, 0, 0, 4), vtable(8, 4), vtable(4)];
  list[0] = table(model);
  list.push(0);
  vector(graphs);
  table(graph);
  list.push(0);
  vector(tensors);
  table(tensor);
  return words(...list);
}

describe('circle/read', () => {
  describe('the end of the file', () => {
    it('fault 16: refuses a second model behind the first, padded or not, external or not', () => {
      const [inline, external] = [writeModel(small()), writeModel(small(), { externalBuffers: true })];
      for (const first of [inline, external]) {
        for (const second of [inline, external]) {
          for (const padding of [0, 4, 60]) {
            const error = refusal(joined(first, new Uint8Array(padding), second));
            assert.equal(error.code, 'CIRCLE_CORRUPT');
            assert.match(
              error.message,
              new RegExp(`expected one model, got another one behind it, at byte ${first.length + padding}`),
            );
          }
        }
      }
    });

    it('refuses every pair of golden files, and takes each alone', function () {
      needShared.call(this);
      const files = goldenFiles();
      assert.ok(files.length > 1);
      for (const name of files) {
        readModel(goldenBytes(name));
        const error = refusal(joined(goldenBytes(name), goldenBytes(files[0]!)));
        assert.match(error.message, /expected one model, got another one behind it/, name);
      }
    });

    it('takes zeros as padding up to a page, and refuses other bytes', () => {
      const bytes = writeModel(small());
      for (const size of [1, 15, 4096, 65_536])
        assert.deepEqual(readModel(joined(bytes, new Uint8Array(size))), small(), `${size} zeros`);
      for (const tail of [Uint8Array.of(1), new Uint8Array(65_537), Buffer.from('PK\x05\x06')]) {
        const error = refusal(joined(bytes, tail));
        assert.equal(error.code, 'CIRCLE_CORRUPT');
        assert.match(
          error.message,
          new RegExp(`expected the file to end at byte ${bytes.length}, .* got ${tail.length} more`),
        );
      }
    });
  });

  describe('structure', () => {
    it('asks for the zero behind a string', () => {
      const bytes = writeModel(small());
      const at = Buffer.from(bytes).indexOf('AAAABBBB');
      bytes[at + 8] = 1;
      const error = refusal(bytes);
      assert.deepEqual([error.code, error.path], ['CIRCLE_CORRUPT', 'description']);
      assert.match(error.message, /without a zero at its end/);
    });

    it('asks for the alignment of tables, fields and vectors', () => {
      // A root table of one 32-bit field (version) at a place that is no multiple of 4, and then at one that is.
      const vtable = [6 | (8 << 16), 4];
      assert.match(refusal(words(14, CIR0, ...vtable, 0, 0, 0)).message, /a table at byte 14/);
      assert.equal(readModel(words(16, CIR0, ...vtable, 8, 7)).version, 7);
      // The same with the field at 5.
      assert.match(refusal(words(16, CIR0, 6 | (12 << 16), 5, 8, 7, 7)).message, /a field of 4 bytes at 5/);
    });

    it('fault 13: says where: the whole path', () => {
      const bytes = writeModel(small());
      const model = readModel(bytes);
      const name = Buffer.from(bytes).indexOf('tico::x');
      assert.equal(model.subgraphs![0]!.tensors![0]!.name, 'tico::x');
      new DataView(bytes.buffer).setUint32(name - 4, 0x7fffffff, true);
      assert.equal(refusal(bytes).path, 'subgraphs[0].tensors[0].name');
    });

    it('fault 13: reads tables that share their parts, and ends in bounded memory where they multiply', () => {
      const few = readModel(shared(5, 7));
      assert.deepEqual([few.subgraphs!.length, few.subgraphs![4]!.tensors!.length], [5, 7]);
      const before = process.memoryUsage().heapUsed;
      const error = refusal(shared(20_000, 20_000));
      assert.equal(error.code, 'CIRCLE_CORRUPT');
      assert.match(error.message, /expected tables that visit at most 24 times the file/);
      assert.ok(process.memoryUsage().heapUsed - before < 2 ** 28);
    });
  });
});
