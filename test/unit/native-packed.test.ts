import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  availableIsas,
  type Engine,
  type PackedWeights,
  type Program,
  type WeightSource,
} from '../../lib/native.ts';
import { overPackedWeights } from '../../lib/plan/index.ts';
import { scratchFolder } from '../support/checkpoint.ts';
import { engineOpener, hasCode, prompt, rowsOf } from '../support/native-calls.ts';
import { rotary, tinyLlama, tinyShape } from '../support/program.ts';

const { headDim, vocab } = tinyShape;

describe('native: packed weights', () => {
  const open = engineOpener();

  async function load(engine: Engine, program: Uint8Array, sources: WeightSource[]): Promise<Program> {
    const loaded = await engine.loadProgram(program, sources);
    const { cos, sin } = rotary(headDim, 0, prompt.length);
    for (const [i, table] of [cos, sin].entries()) loaded.setTable(i, 0, table);
    return loaded;
  }
  async function logitsOf(program: Program): Promise<Buffer> {
    const logits = new Float32Array(vocab);
    await program.step(rowsOf(program.createSequence(), prompt), { logits });
    return Buffer.from(logits.buffer);
  }
  function packedOf(program: Program): { weights: PackedWeights; bytes: Uint8Array } {
    const weights = program.packedWeights();
    const { sizes } = weights;
    const parts = Array.from(sizes, (size, i) => {
      const bytes = new Uint8Array(size);
      // In pieces, as they are written to a file.
      for (let from = 0; from < size; from += 1000)
        program.copyWeight(i, from, bytes.subarray(from, Math.min(size, from + 1000)));
      return bytes;
    });
    return { weights, bytes: new Uint8Array(Buffer.concat(parts)) };
  }

  /** Cut to what bf16 holds. */
  function cut(source: Uint8Array): Uint8Array {
    const words = new Uint32Array(source.slice().buffer);
    for (const [i, bits] of words.entries()) words[i] = bits & 0xffff0000;
    return new Uint8Array(words.buffer);
  }

  for (const narrows of [false, true])
    it(`are the same on every instruction set, and give the same bits from memory, a file and a mapping: ${narrows ? 'bf16' : 'f32'}`, async () => {
      const { program, sources: random } = tinyLlama();
      const sources = narrows ? random.map(cut) : random;
      const scratch = scratchFolder();
      const first = await load(open({ threads: 1, narrow: false }), program, sources);
      const wide = packedOf(first);
      const expected = await logitsOf(first);
      const { weights, bytes } = packedOf(await load(open({ threads: 1 }), program, sources));
      assert.ok(weights.sizes.every((size) => size > 0 && size % 64 === 0));
      assert.ok(wide.weights.dtypes.every((dtype) => dtype === 0));
      // Norms stay f32.
      assert.deepEqual([...new Set(weights.dtypes)].toSorted(), narrows ? [0, 2] : [0]);
      if (narrows) assert.ok(bytes.byteLength < 0.6 * wide.bytes.byteLength);
      else assert.deepEqual(bytes, wide.bytes);
      try {
        const packed = overPackedWeights(program, weights);
        const file = join(scratch.path, 'weights');
        const byteLength = bytes.byteLength;
        // Behind something, at a multiple of 64 and not: what kernels read must lie at one.
        writeFileSync(file, Buffer.concat([Buffer.alloc(64), bytes, Buffer.alloc(4), bytes]));
        const fd = openSync(file, 'r');
        const places: [WeightSource, isMapped: boolean][] = [
          [bytes, false],
          [{ fd, offset: 64, byteLength }, false],
          [{ fd, offset: 64, byteLength, mmap: true }, true],
          [{ fd, offset: 68 + byteLength, byteLength, mmap: true }, false],
        ];
        for (const isa of availableIsas())
          for (const [source, isMapped] of places) {
            const loaded = await load(open({ threads: 2, isa }), packed, [source]);
            assert.deepEqual(await logitsOf(loaded), expected);
            assert.equal(loaded.memory().weightBytes, isMapped ? 0 : byteLength);
            assert.deepEqual(packedOf(loaded).bytes, bytes);
          }
        closeSync(fd);
        rmSync(file);
      } finally {
        scratch.remove();
      }
    });

  it('must lie within their source', async () => {
    const { program, sources } = tinyLlama();
    const engine = open({ threads: 1 });
    const { weights, bytes } = packedOf(await load(engine, program, sources));
    const packed = overPackedWeights(program, weights);
    await assert.rejects(
      load(engine, packed, [bytes.subarray(0, bytes.byteLength - 1)]),
      hasCode('PROGRAM_INVALID'),
    );
    await assert.rejects(load(engine, packed, []), hasCode('PROGRAM_INVALID'));
    weights.sizes[0]! += 64;
    await assert.rejects(
      load(engine, overPackedWeights(program, weights), [new Uint8Array(bytes.byteLength + 64)]),
      hasCode('PROGRAM_INVALID'),
    );
  });

  it('are given back within bounds only', async () => {
    const { program, sources } = tinyLlama();
    const loaded = await load(open({ threads: 1 }), program, sources);
    const { sizes } = loaded.packedWeights();
    const wrong: [number, number, number][] = [
      [-1, 0, 0],
      [sizes.length, 0, 0],
      [0, -1, 0],
      [0, sizes[0]! + 1, 0],
      [0, 0, sizes[0]! + 1],
      [0, 64, sizes[0]!],
    ];
    for (const [weight, from, size] of wrong)
      assert.throws(() => loaded.copyWeight(weight, from, new Uint8Array(size)), hasCode('OPTION'));
    loaded.copyWeight(0, sizes[0]!, new Uint8Array(0));
  });
});
