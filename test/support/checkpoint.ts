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

/** The tensors that tinyConfig needs, or a configuration that differs from it in sizes. */
export function tinyTensors(changes: Partial<typeof tinyConfig> = {}): Record<string, FileTensor> {
  const config = { ...tinyConfig, ...changes };
  const { hidden_size: hidden, intermediate_size: inner, vocab_size: vocab } = config;
  const kv = (hidden / config.num_attention_heads) * config.num_key_value_heads;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [vocab, hidden]]];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    shapes.push(
      [`${layer}.input_layernorm.weight`, [hidden]],
      [`${layer}.self_attn.q_proj.weight`, [hidden, hidden]],
      [`${layer}.self_attn.k_proj.weight`, [kv, hidden]],
      [`${layer}.self_attn.v_proj.weight`, [kv, hidden]],
      [`${layer}.self_attn.o_proj.weight`, [hidden, hidden]],
      [`${layer}.post_attention_layernorm.weight`, [hidden]],
      [`${layer}.mlp.gate_proj.weight`, [inner, hidden]],
      [`${layer}.mlp.up_proj.weight`, [inner, hidden]],
      [`${layer}.mlp.down_proj.weight`, [hidden, inner]],
    );
  }
  shapes.push(['model.norm.weight', [hidden]], ['lm_head.weight', [vocab, hidden]]);
  return Object.fromEntries(shapes.map(([name, shape], i) => [name, floatTensor(shape, i + 1)]));
}

/** Writes config.json and model.safetensors to `dir`. */
export function writeModelDir(dir: string, config: object, tensors: Record<string, FileTensor>): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  writeFileSync(join(dir, 'model.safetensors'), safetensors(tensors));
  return dir;
}
