/** Checkpoints of any size, written piece by piece: random weights are a tile that repeats. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from './mutate.ts';

export interface Sizes {
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  feedForward: number;
  vocab: number;
}

/** Twelve layers of 4.2 million weights: 106 MB in bf16. */
export const smallSizes: Sizes = {
  ...{ hidden: 640, layers: 12, heads: 10, kvHeads: 2 },
  ...{ feedForward: 1664, vocab: 4096 },
};

/** TinyLlama-1.1B, as the peers kit has it: 2.2 GB in bf16, 4.4 GB in f32. */
export const largeSizes: Sizes = {
  ...{ hidden: 2048, layers: 22, heads: 32, kvHeads: 4 },
  ...{ feedForward: 5632, vocab: 32_000 },
};

/** Writes a Llama of bf16 weights to `dir`. @returns bytes of all tensors, and of the largest, in f32 */
export function writeRandomCheckpoint(dir: string, sizes: Sizes): { total: number; largest: number } {
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'config.json'),
    JSON.stringify({
      model_type: 'llama',
      hidden_size: sizes.hidden,
      num_hidden_layers: sizes.layers,
      num_attention_heads: sizes.heads,
      num_key_value_heads: sizes.kvHeads,
      intermediate_size: sizes.feedForward,
      vocab_size: sizes.vocab,
      rms_norm_eps: 1e-5,
      eos_token_id: 2,
      tie_word_embeddings: false,
    }),
  );
  const shapes = shapesOf(sizes);
  const counts = shapes.map(([, shape]) => shape.reduce((n, dim) => n * dim, 1));
  let end = 0;
  const header = shapes.map(([name, shape], i) => {
    const begin = end;
    end += 2 * counts[i]!;
    return [name, { dtype: 'BF16', shape, data_offsets: [begin, end] }] as const;
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  const fd = openSync(join(dir, 'model.safetensors'), 'w');
  try {
    writeSync(fd, length);
    writeSync(fd, text);
    const tile = randomTile();
    // Each tensor begins elsewhere in the tile, so that no two of them are equal.
    counts.forEach((count, i) => {
      // Each tensor begins elsewhere in the tile, so that no two of them are equal, which a merge would store once.
      let at = 2 * ((7919 * (i + 1)) % (tile.byteLength / 2));
      for (let left = 2 * count; left > 0; at = 0) {
        const piece = tile.subarray(at, Math.min(tile.byteLength, at + left));
        writeSync(fd, piece);
        left -= piece.byteLength;
      }
    });
  } finally {
    closeSync(fd);
  }
  return { total: 2 * end, largest: 4 * Math.max(...counts) };
}

/** 4 MB of bf16 from −0.035 to 0.035. */
function randomTile(): Uint8Array {
  const random = seeded(11);
  const floats = Float32Array.from({ length: 2 ** 21 }, () => (random() - 0.5) * 0.07);
  return new Uint8Array(Uint16Array.from(new Uint32Array(floats.buffer), (word) => word >>> 16).buffer);
}

function shapesOf(sizes: Sizes): [name: string, shape: number[]][] {
  const { hidden, layers, heads, kvHeads, feedForward, vocab } = sizes;
  const kv = (hidden / heads) * kvHeads;
  const ofLayer = (i: number): [string, number[]][] =>
    (
      [
        ['input_layernorm', [hidden]],
        ['self_attn.q_proj', [hidden, hidden]],
        ['self_attn.k_proj', [kv, hidden]],
        ['self_attn.v_proj', [kv, hidden]],
        ['self_attn.o_proj', [hidden, hidden]],
        ['post_attention_layernorm', [hidden]],
        ['mlp.gate_proj', [feedForward, hidden]],
        ['mlp.up_proj', [feedForward, hidden]],
        ['mlp.down_proj', [hidden, feedForward]],
      ] as [string, number[]][]
    ).map(([name, shape]) => [`model.layers.${i}.${name}.weight`, shape]);
  return [
    ['model.embed_tokens.weight', [vocab, hidden]],
    ...Array.from({ length: layers }, (_, i) => ofLayer(i)).flat(),
    ['model.norm.weight', [hidden]],
    ['lm_head.weight', [vocab, hidden]],
  ];
}
