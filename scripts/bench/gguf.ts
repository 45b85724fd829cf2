/**
 * A Llama of a Hugging Face directory as GGUF version 3, f32 and without a vocabulary, for llama.cpp's programs that
 * take ids. After llama.cpp's convert_hf_to_gguf.py, which needs packages that the peers kit does not have.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Checkpoint, openHuggingFace, readFloats } from '../../lib/checkpoint/index.ts';

/** The fields of config.json that are read. */
interface Config {
  hidden_size: number;
  intermediate_size: number;
  num_attention_heads: number;
  num_key_value_heads?: number;
  num_hidden_layers: number;
  max_position_embeddings: number;
  rms_norm_eps: number;
  rope_theta?: number;
  vocab_size: number;
}

interface Tensor {
  name: string;
  /** Outermost first, as in Hugging Face's files. */
  shape: number[];
  /** Little-endian float32. */
  data: Uint8Array;
}

const alignment = 32;

/** GGUF's numbers for the types of a value. */
const valueTypes = { u32: 4, f32: 6, string: 8 } as const;
type Value = readonly [keyof typeof valueTypes, number | string];

export function writeGguf(hfDir: string, file: string): void {
  const config = JSON.parse(readFileSync(path.join(hfDir, 'config.json'), 'utf8')) as Config;
  writeFileSync(file, encode(metadataOf(config), tensorsOf(config, openHuggingFace(hfDir).tensors)));
}

function metadataOf(c: Config): Record<string, Value> {
  return {
    'general.architecture': ['string', 'llama'],
    'llama.vocab_size': ['u32', c.vocab_size],
    'llama.context_length': ['u32', c.max_position_embeddings],
    'llama.embedding_length': ['u32', c.hidden_size],
    'llama.block_count': ['u32', c.num_hidden_layers],
    'llama.feed_forward_length': ['u32', c.intermediate_size],
    'llama.attention.head_count': ['u32', c.num_attention_heads],
    'llama.attention.head_count_kv': ['u32', c.num_key_value_heads ?? c.num_attention_heads],
    'llama.attention.layer_norm_rms_epsilon': ['f32', c.rms_norm_eps],
    'llama.rope.freq_base': ['f32', c.rope_theta ?? 10_000],
    'llama.rope.dimension_count': ['u32', c.hidden_size / c.num_attention_heads],
    'tokenizer.ggml.model': ['string', 'no_vocab'],
  };
}

function tensorsOf(c: Config, weights: Checkpoint['tensors']): Tensor[] {
  const [hidden, heads, kvHeads] = [
    c.hidden_size,
    c.num_attention_heads,
    c.num_key_value_heads ?? c.num_attention_heads,
  ];
  const kv = (hidden / heads) * kvHeads;
  const tensor = (name: string, from: string, shape: number[]): Tensor => {
    const found = weights.get(`${from}.weight`);
    if (String(found?.shape) !== String(shape))
      throw new Error(`expected [${shape.join(', ')}] for ${from}.weight, got ${found?.shape.join(', ')}`);
    return { name: `${name}.weight`, shape, data: new Uint8Array(readFloats(found!).buffer) };
  };
  const tensors = [tensor('token_embd', 'model.embed_tokens', [c.vocab_size, hidden])];
  for (let i = 0; i < c.num_hidden_layers; i++) {
    const [to, from] = [`blk.${i}`, `model.layers.${i}`];
    tensors.push(
      tensor(`${to}.attn_norm`, `${from}.input_layernorm`, [hidden]),
      rotated(tensor(`${to}.attn_q`, `${from}.self_attn.q_proj`, [hidden, hidden]), heads),
      rotated(tensor(`${to}.attn_k`, `${from}.self_attn.k_proj`, [kv, hidden]), kvHeads),
      tensor(`${to}.attn_v`, `${from}.self_attn.v_proj`, [kv, hidden]),
      tensor(`${to}.attn_output`, `${from}.self_attn.o_proj`, [hidden, hidden]),
      tensor(`${to}.ffn_norm`, `${from}.post_attention_layernorm`, [hidden]),
      tensor(`${to}.ffn_gate`, `${from}.mlp.gate_proj`, [c.intermediate_size, hidden]),
      tensor(`${to}.ffn_up`, `${from}.mlp.up_proj`, [c.intermediate_size, hidden]),
      tensor(`${to}.ffn_down`, `${from}.mlp.down_proj`, [hidden, c.intermediate_size]),
    );
  }
  tensors.push(tensor('output_norm', 'model.norm', [hidden]));
  if (weights.has('lm_head.weight')) tensors.push(tensor('output', 'lm_head', [c.vocab_size, hidden]));
  return tensors;
}

/** Rows of Q or K from halves of a head side by side to pairs, which llama.cpp's RoPE turns. */
export function rotated(tensor: Tensor, heads: number): Tensor {
  const [rows, columns] = tensor.shape as [number, number];
  const dim = rows / heads;
  const data = new Uint8Array(tensor.data.length);
  const width = 4 * columns;
  for (let row = 0; row < rows; row++) {
    const [head, at] = [Math.floor(row / dim), row % dim];
    const from = head * dim + (at % 2) * (dim / 2) + Math.floor(at / 2);
    data.set(tensor.data.subarray(from * width, (from + 1) * width), row * width);
  }
  return { ...tensor, data };
}

function encode(metadata: Record<string, Value>, tensors: readonly Tensor[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const number = (bytes: number, set: (view: DataView) => void) => {
    const part = new Uint8Array(bytes);
    set(new DataView(part.buffer));
    parts.push(part);
  };
  const u32 = (value: number) => number(4, (view) => view.setUint32(0, value, true));
  const u64 = (value: number) => number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  const string = (text: string) => {
    u64(Buffer.byteLength(text));
    parts.push(Buffer.from(text));
  };
  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(tensors.length);
  u64(Object.keys(metadata).length);
  for (const [key, [type, value]] of Object.entries(metadata)) {
    string(key);
    u32(valueTypes[type]);
    if (type === 'string') string(String(value));
    else if (type === 'u32') u32(Number(value));
    else number(4, (view) => view.setFloat32(0, Number(value), true));
  }
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    string(name);
    u32(shape.length);
    for (const dim of shape.toReversed()) u64(dim);
    u32(0); // GGML_TYPE_F32
    u64(offset);
    offset += padded(data.length);
  }
  const header = Buffer.concat(parts);
  const bodies = tensors.map(({ data }) => {
    const body = new Uint8Array(padded(data.length));
    body.set(data);
    return body;
  });
  return Buffer.concat([header, new Uint8Array(padded(header.length) - header.length), ...bodies]);
}

const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
