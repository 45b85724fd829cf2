/** Small Hugging Face directories, written for one test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFloats, seeded } from './mutate.ts';

export interface FileTensor {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

/** A folder that is removed after the test. */
export function scratchFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ggma-export-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A whole safetensors file. */
export function safetensors(tensors: Readonly<Record<string, FileTensor>>): Uint8Array {
  let at = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  return framed(JSON.stringify(header), Buffer.concat(Object.values(tensors).map(({ bytes }) => bytes)));
}

/** Header text and data as a file, whatever they say. */
export function framed(header: string, data: Uint8Array): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

export function floatTensor(shape: number[], seed = 1): FileTensor {
  const count = shape.reduce((n, dim) => n * dim, 1);
  return { dtype: 'F32', shape, bytes: new Uint8Array(randomFloats(count, seeded(seed)).buffer) };
}

export const tinyConfig = {
  model_type: 'llama',
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  vocab_size: 10,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
};

/** The tensors that tinyConfig needs. */
export function tinyTensors(): Record<string, FileTensor> {
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [10, 8]]];
  for (let i = 0; i < 2; i++) {
    const layer = `model.layers.${i}`;
    shapes.push(
      [`${layer}.input_layernorm.weight`, [8]],
      [`${layer}.self_attn.q_proj.weight`, [8, 8]],
      [`${layer}.self_attn.k_proj.weight`, [4, 8]],
      [`${layer}.self_attn.v_proj.weight`, [4, 8]],
      [`${layer}.self_attn.o_proj.weight`, [8, 8]],
      [`${layer}.post_attention_layernorm.weight`, [8]],
      [`${layer}.mlp.gate_proj.weight`, [12, 8]],
      [`${layer}.mlp.up_proj.weight`, [12, 8]],
      [`${layer}.mlp.down_proj.weight`, [8, 12]],
    );
  }
  shapes.push(['model.norm.weight', [8]], ['lm_head.weight', [10, 8]]);
  return Object.fromEntries(shapes.map(([name, shape], i) => [name, floatTensor(shape, i + 1)]));
}

/** Writes config.json and model.safetensors to `dir`. */
export function writeModelDir(dir: string, config: object, tensors: Record<string, FileTensor>): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  writeFileSync(join(dir, 'model.safetensors'), safetensors(tensors));
  return dir;
}
