import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openHuggingFace, readFloats } from '../../../../lib/checkpoint/index.ts';
import { rotated, writeGguf } from '../../../../scripts/bench/gguf.ts';
import { root } from '../../../support/root.ts';

const lily = path.join(root, 'models/lily');

/** A reader of what the writer writes, after GGUF's specification. */
function readGguf(bytes: Buffer) {
  let at = 0;
  const take = (length: number) => {
    at += length;
    return at - length;
  };
  const u32 = () => bytes.readUInt32LE(take(4));
  const u64 = () => Number(bytes.readBigUInt64LE(take(8)));
  const string = () => {
    const from = take(u64());
    return bytes.toString('utf8', from, at);
  };
  assert.equal(bytes.toString('latin1', 0, 4), 'GGUF');
  take(4);
  assert.equal(u32(), 3);
  const [tensorCount, valueCount] = [u64(), u64()];
  const metadata: Record<string, number | string> = {};
  for (let i = 0; i < valueCount; i++) {
    const [key, type] = [string(), u32()];
    if (type === 8) metadata[key] = string();
    else if (type === 4) metadata[key] = u32();
    else {
      assert.equal(type, 6);
      metadata[key] = bytes.readFloatLE(take(4));
    }
  }
  const tensors = Array.from({ length: tensorCount }, () => {
    const name = string();
    const dims = Array.from({ length: u32() }, u64);
    return { name, dims, type: u32(), offset: u64() };
  });
  const begin = Math.ceil(at / 32) * 32;
  return {
    metadata,
    tensors,
    data: (offset: number, length: number) => bytes.subarray(begin + offset, begin + offset + length),
  };
}

describe('GGUF of a Hugging Face directory', () => {
  it('has the fields, shapes innermost first and the weights, aligned', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'ggma-gguf-'));
    try {
      const file = path.join(dir, 'lily.gguf');
      writeGguf(lily, file);
      const bytes = readFileSync(file);
      const { metadata, tensors, data } = readGguf(bytes);
      assert.equal(metadata['general.architecture'], 'llama');
      assert.equal(metadata['llama.vocab_size'], 1024);
      assert.equal(metadata['llama.attention.head_count'], 16);
      assert.equal(metadata['llama.attention.layer_norm_rms_epsilon'], Math.fround(1e-6));
      assert.equal(tensors.length, 3 + 8 * 9);
      const find = (name: string) => tensors.find((tensor) => tensor.name === name)!;
      for (const { offset, type } of tensors) assert.deepEqual([offset % 32, type], [0, 0]);
      const { tensors: weights } = openHuggingFace(lily);
      const bytesOf = (name: string) => Buffer.from(readFloats(weights.get(name)!).buffer);
      const down = find('blk.7.ffn_down.weight');
      assert.deepEqual(down.dims, [256, 64]);
      const expected = bytesOf('model.layers.7.mlp.down_proj.weight');
      assert.deepEqual(data(down.offset, expected.length), expected);
      const last = find('output.weight');
      const head = bytesOf('lm_head.weight');
      assert.deepEqual(data(last.offset, head.length), head);
      assert.equal(data(last.offset, head.length).length, head.length);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('pairs the halves of each head', () => {
    const [heads, dim] = [2, 4];
    const data = new Uint8Array(Float32Array.from({ length: heads * dim }, (_, row) => row).buffer);
    const turned = rotated({ name: 'q', shape: [heads * dim, 1], data }, heads);
    assert.deepEqual([...new Float32Array(turned.data.buffer)], [0, 2, 1, 3, 4, 6, 5, 7]);
  });
});
