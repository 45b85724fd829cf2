/** GGUF files, written for one test: any metadata and tensors, and a Hugging Face directory as llama.cpp would convert it. */
import { type Checkpoint, readFloats } from '../../lib/checkpoint/index.ts';
import { floatEncodings } from '../../lib/circle/index.ts';

/** GGUF's numbers for types of values. */
const valueTypes = {
  ...{ u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 },
  ...{ u64: 10, i64: 11, f64: 12 },
} as const;
type ScalarType = Exclude<keyof typeof valueTypes, 'array'>;
type Item = number | bigint | boolean | string;

export type Value =
  | readonly [ScalarType, Item]
  | readonly ['array', ScalarType, readonly Item[]]
  /** Whatever bytes, behind a type. */
  | readonly ['raw', number, Uint8Array];

export interface GgufTensor {
  /** Outermost first. */
  shape: readonly number[];
  /** GGML's number. */
  type: number;
  bytes: Uint8Array;
  /** Instead of the next place. */
  offset?: number;
}

export interface GgufOptions {
  version?: number;
  alignment?: number;
  tensorCount?: bigint;
  valueCount?: bigint;
}

export function ggufBytes(
  metadata: Readonly<Record<string, Value>>,
  tensors: Readonly<Record<string, GgufTensor>>,
  { version = 3, alignment = 32, tensorCount, valueCount }: GgufOptions = {},
): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('GGUF'), number('u32', version)];
  const padded = (length: number) => Math.ceil(length / alignment) * alignment;
  parts.push(number('u64', tensorCount ?? BigInt(Object.keys(tensors).length)));
  parts.push(number('u64', valueCount ?? BigInt(Object.keys(metadata).length)));
  for (const [key, value] of Object.entries(metadata)) parts.push(string(key), encoded(value));
  let end = 0;
  for (const [name, { shape, type, bytes, offset }] of Object.entries(tensors)) {
    parts.push(string(name), number('u32', shape.length));
    for (const dim of shape.toReversed()) parts.push(number('u64', BigInt(dim)));
    parts.push(number('u32', type), number('u64', BigInt(offset ?? end)));
    end += padded(bytes.length);
  }
  const head = Buffer.concat(parts);
  const bodies = Object.values(tensors).map(({ bytes }) => {
    const body = new Uint8Array(padded(bytes.length));
    body.set(bytes);
    return body;
  });
  // No Buffer: its slices would share memory.
  return new Uint8Array(Buffer.concat([head, new Uint8Array(padded(head.length) - head.length), ...bodies]));
}

function number(type: Exclude<ScalarType, 'string'>, value: Item): Uint8Array {
  const bytes = Buffer.alloc(8);
  const n = Number(value);
  const writers: Record<Exclude<ScalarType, 'string'>, () => number> = {
    u8: () => bytes.writeUInt8(n),
    i8: () => bytes.writeInt8(n),
    u16: () => bytes.writeUInt16LE(n),
    i16: () => bytes.writeInt16LE(n),
    u32: () => bytes.writeUInt32LE(n),
    i32: () => bytes.writeInt32LE(n),
    f32: () => bytes.writeFloatLE(n),
    bool: () => bytes.writeUInt8(n),
    u64: () => bytes.writeBigUInt64LE(BigInt(value)),
    i64: () => bytes.writeBigInt64LE(BigInt(value)),
    f64: () => bytes.writeDoubleLE(n),
  };
  return bytes.subarray(0, writers[type]());
}

function string(text: string): Uint8Array {
  return Buffer.concat([number('u64', BigInt(Buffer.byteLength(text))), Buffer.from(text)]);
}

function encoded(value: Value): Uint8Array {
  if (value[0] === 'raw') return Buffer.concat([number('u32', value[1]), value[2]]);
  const scalar = (type: ScalarType, item: Item) =>
    type === 'string' ? string(item as string) : number(type, item);
  if (value[0] !== 'array')
    return Buffer.concat([number('u32', valueTypes[value[0]]), scalar(value[0], value[1])]);
  const [, type, items] = value;
  const head = [number('u32', valueTypes.array), number('u32', valueTypes[type])];
  const count = number('u64', BigInt(items.length));
  return Buffer.concat([...head, count, Buffer.concat(items.map((item) => scalar(type, item)))]);
}

/** As llama.cpp's converter calls them, in f32; `blk.0.` for `model.layers.0.`. */
const NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.qkv_proj': 'attn_qkv',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.gate_up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};
const NORMS_AROUND = {
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};

/** Families as files have them: which architecture, and whether its RoPE is the interleaved one. */
const ARCHITECTURES: Readonly<Record<string, { name: string; interleaved: boolean; names?: object }>> = {
  llama: { name: 'llama', interleaved: true },
  granite: { name: 'granite', interleaved: true },
  smollm3: { name: 'smollm3', interleaved: true },
  qwen2: { name: 'qwen2', interleaved: false },
  qwen3: { name: 'qwen3', interleaved: false },
  phi3: { name: 'phi3', interleaved: false },
  olmo2: { name: 'olmo2', interleaved: false, names: NORMS_AROUND },
  gemma3_text: { name: 'gemma3', interleaved: false, names: NORMS_AROUND },
};

/**
 * A checkpoint as llama.cpp's converter writes it, with the metadata that are left to the caller.
 * @param type GGML's number for matrices: 0, float32, or 8, Q8_0
 */
export function convertedBytes(
  checkpoint: Checkpoint,
  more: Readonly<Record<string, Value>>,
  type: 0 | 8 = 0,
): Uint8Array {
  const config = checkpoint.config as Record<string, number> & { model_type: string };
  const { name, interleaved, names = {} } = ARCHITECTURES[config.model_type]!;
  const table: Readonly<Record<string, string>> = { ...NAMES, ...names };
  const headDim = config.head_dim ?? config.hidden_size! / config.num_attention_heads!;
  const tensors: Record<string, GgufTensor> = {};
  for (const [original, tensor] of checkpoint.tensors) {
    const [, layer, stem, end] = /^(?:model\.layers\.(\d+)\.)?(.*)\.(weight|bias)$/.exec(original)!;
    let floats = readFloats(tensor);
    if (name === 'gemma3' && original.endsWith('norm.weight')) floats = floats.map((w) => w + 1);
    if (interleaved && /\.[qk]_proj\./.test(original)) floats = interleave(floats, tensor.shape[0]!, headDim);
    const called = `${layer === undefined ? '' : `blk.${layer}.`}${table[stem!]}.${end}`;
    const isBlocks = type === 8 && tensor.shape.length === 2;
    const bytes = isBlocks ? q8(floats) : new Uint8Array(floats.buffer);
    tensors[called] = { shape: tensor.shape, type: isBlocks ? type : 0, bytes };
  }
  const u32 = (value: number): Value => ['u32', value];
  const vocab = Array.from({ length: config.vocab_size! }, (_, i) => `piece ${i}`);
  const own = {
    context_length: u32(config.max_position_embeddings!),
    embedding_length: u32(config.hidden_size!),
    block_count: u32(config.num_hidden_layers!),
    feed_forward_length: u32(config.intermediate_size!),
    'attention.head_count': u32(config.num_attention_heads!),
    'attention.head_count_kv': u32(config.num_key_value_heads!),
    'attention.key_length': u32(headDim),
    'attention.layer_norm_rms_epsilon': ['f32', config.rms_norm_eps!] as Value,
    'rope.dimension_count': u32(headDim),
  };
  const metadata: Record<string, Value> = {
    'general.architecture': ['string', name],
    ...Object.fromEntries(
      Object.entries({ ...own, ...more }).map(([key, value]) => [`${name}.${key}`, value]),
    ),
    'tokenizer.ggml.model': ['string', 'gpt2'],
    'tokenizer.ggml.tokens': ['array', 'string', vocab],
    'tokenizer.ggml.eos_token_id': u32(1),
  };
  return ggufBytes(metadata, tensors);
}

function q8(floats: Float32Array): Uint8Array {
  const { elements, bytes, encode } = floatEncodings.q8_0;
  const blocks = new Uint8Array((floats.length / elements) * bytes);
  encode(floats, new DataView(blocks.buffer));
  return blocks;
}

/** Rows of each head: first and second half in turn, as convert_hf_to_gguf.py's `permute` has them. */
function interleave(
  floats: Float32Array<ArrayBuffer>,
  rows: number,
  headDim: number,
): Float32Array<ArrayBuffer> {
  const columns = floats.length / rows;
  const out = new Float32Array(floats.length);
  for (let row = 0; row < rows; row++) {
    const [head, at] = [Math.floor(row / headDim), row % headDim];
    const to = head * headDim + (at < headDim / 2 ? 2 * at : 2 * (at - headDim / 2) + 1);
    out.set(floats.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return out;
}
