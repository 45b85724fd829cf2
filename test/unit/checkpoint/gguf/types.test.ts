/** Decoders against GGML's own Python package (scripts/golden/gguf_files.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ggmlTypes } from '../../../../lib/checkpoint/gguf/types.ts';
import { blockOf, floatEncodings } from '../../../../lib/circle/index.ts';
import { root } from '../../../support/root.ts';

const golden = JSON.parse(readFileSync(join(root, 'test/golden/gguf/blocks.json'), 'utf8')) as Record<
  string,
  { blocks: string; floats: string }
>;

describe('checkpoint/gguf/types', () => {
  const byName = new Map([...ggmlTypes.values()].map((dtype) => [dtype.name, dtype]));

  it('has goldens for every type of blocks that is decoded', () => {
    const decoded = [...byName.values()].filter(({ decode, elements }) => decode !== null && elements > 1);
    assert.deepEqual(decoded.map(({ name }) => name).sort(), Object.keys(golden).sort());
    assert.equal(decoded.length, 12);
  });

  for (const [name, { blocks, floats }] of Object.entries(golden))
    it(`${name}: every bit as GGML dequantises it`, () => {
      const { decode, bytes, elements } = byName.get(name)!;
      const input = new Uint8Array(Buffer.from(blocks, 'base64'));
      const expected = new Uint32Array(new Uint8Array(Buffer.from(floats, 'base64')).buffer);
      assert.equal((input.length / bytes) * elements, expected.length);
      const got = new Float32Array(expected.length);
      decode!(input, got);
      const words = new Uint32Array(got.buffer);
      const wrong = words.findIndex((word, i) => word !== expected[i]);
      assert.equal(wrong, -1, `element ${wrong}: ${got[wrong]}`);
    });

  it('knows what of it Circle files have, with the same bytes', () => {
    const kept = [...ggmlTypes.values()].filter(({ type }) => type !== null);
    assert.deepEqual(kept.map(({ name }) => name).sort(), ['BF16', 'F16', 'F32', 'Q4_0', 'Q8_0']);
    for (const { type, elements, bytes } of kept) assert.deepEqual(blockOf(type!), { elements, bytes });
    assert.equal(ggmlTypes.get(2)!.type, floatEncodings.q4_0.type);
  });
});
