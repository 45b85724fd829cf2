import assert from 'node:assert/strict';
import { header, VERSION } from '../../../lib/plan/format.ts';
import { compile } from '../../../lib/plan/index.ts';
import { overPackedWeights, readProgramShape } from '../../../lib/plan/packed.ts';
import { tinyPackage } from '../../support/tiny-model.ts';

describe('plan/packed', () => {
  const plan = () => compile(tinyPackage().module);

  it('reads from a program what its plan says', () => {
    const { program, vocabSize, caches, tables } = plan();
    assert.deepEqual(readProgramShape(program), {
      vocabSize,
      caches,
      tableWidths: tables.map(({ width }) => width),
    });
    assert.ok(caches.length > 0 && tables.length > 0);
  });

  it('takes no program for one, whatever its numbers are', () => {
    const { program } = plan();
    const ofVersion = new RegExp(`a program of version ${VERSION}`);
    const refused = (bytes: Uint8Array, pattern: RegExp) =>
      assert.throws(() => readProgramShape(bytes), { code: 'PROGRAM_INVALID', message: pattern });
    for (let length = 0; length < program.byteLength; length += 1 + (length >> 4))
      refused(program.slice(0, length), length < 96 ? /a header of 96 bytes/ : ofVersion);
    for (const [word, value] of [
      [header.magic, 1],
      [header.version, VERSION - 1],
      [header.tables, 2 ** 32 - 1],
      [header.tables + 1, 2 ** 32 - 4],
      [header.tables + 1, 1],
      [header.caches, 2 ** 31],
      [header.outputs, 2 ** 31],
    ] as const) {
      const bytes = program.slice();
      new DataView(bytes.buffer).setUint32(4 * word, value, true);
      refused(bytes, word <= header.version ? ofVersion : /entries within the program/);
    }
  });

  it('takes no program without logits for one', () => {
    const { program } = plan();
    new DataView(program.buffer).setUint32(4 * header.outputs, 0, true);
    assert.throws(() => readProgramShape(program), { code: 'PROGRAM_INVALID', path: 'outputs' });
  });

  it('puts packed weights one behind the other into one source, and changes nothing else', () => {
    const { program } = plan();
    const view = new DataView(program.buffer);
    const [count, offset] = [
      view.getUint32(4 * header.weights, true),
      view.getUint32(4 * header.weights + 4, true),
    ];
    const sizes = Float64Array.from({ length: count }, (_, i) => 64 * (i + 1));
    const dtypes = Int32Array.from({ length: count }, (_, i) => i % 5);
    const before = program.slice();
    const packed = new DataView(overPackedWeights(program, { sizes, dtypes }).buffer);
    assert.deepEqual(program, before);
    assert.equal(packed.getUint32(4 * header.sources, true), 1);
    let place = 0;
    for (let i = 0; i < count; i++) {
      const at = offset + 40 * i;
      assert.deepEqual(
        [
          packed.getUint32(at, true),
          packed.getUint32(at + 4, true),
          packed.getBigUint64(at + 8, true),
          packed.getBigUint64(at + 16, true),
        ],
        [dtypes[i], 0, BigInt(place), BigInt(sizes[i]!)],
      );
      assert.equal(packed.getUint32(at + 32, true), 1);
      for (const [from, to] of [
        [24, 32],
        [36, 40],
      ] as const)
        for (let byte = at + from; byte < at + to; byte++)
          assert.equal(packed.getUint8(byte), view.getUint8(byte));
      place += sizes[i]!;
    }
    const end = offset + 40 * count;
    for (let byte = end; byte < program.byteLength; byte++)
      assert.equal(packed.getUint8(byte), view.getUint8(byte));
  });
});
