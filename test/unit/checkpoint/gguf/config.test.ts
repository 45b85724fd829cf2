import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGguf, type Vocabulary } from '../../../../lib/checkpoint/index.ts';
import { exportDecode, exportInput } from '../../../../lib/export/index.ts';
import { scratchFolder } from '../../../support/checkpoint.ts';
import { type GgufTensor, ggufBytes, type Value } from '../../../support/gguf.ts';

const u32 = (value: number): Value => ['u32', value];
const f32 = (value: number): Value => ['f32', value];
const sizes: Record<string, Value> = {
  'llama.context_length': u32(64),
  'llama.embedding_length': u32(8),
  'llama.block_count': u32(1),
  'llama.feed_forward_length': u32(12),
  'llama.attention.head_count': u32(2),
  'llama.attention.head_count_kv': u32(1),
  'llama.attention.layer_norm_rms_epsilon': f32(1e-5),
  'llama.rope.dimension_count': u32(4),
  'general.architecture': ['string', 'llama'],
  'tokenizer.ggml.model': ['string', 'gpt2'],
  'tokenizer.ggml.tokens': ['array', 'string', ['a', 'b', 'c', 'd']],
};
const vector = (...values: number[]): GgufTensor => ({
  ...{ shape: [values.length], type: 0, bytes: new Uint8Array(Float32Array.from(values).buffer) },
});
const embedding: GgufTensor = { shape: [10, 8], type: 0, bytes: new Uint8Array(320) };

describe('checkpoint/gguf/config', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  before(() => {
    scratch = scratchFolder();
  });
  after(() => scratch.remove());

  const open = (changes: Record<string, Value | null> = {}, tensors: Record<string, GgufTensor> = {}) => {
    const metadata = Object.entries({ ...sizes, ...changes }).filter(([, value]) => value !== null);
    const path = join(scratch.path, 'model.gguf');
    const all = { 'token_embd.weight': embedding, ...tensors };
    writeFileSync(path, ggufBytes(Object.fromEntries(metadata) as Record<string, Value>, all));
    return openGguf(path);
  };
  const configOf = (changes: Record<string, Value | null> = {}, tensors: Record<string, GgufTensor> = {}) =>
    open(changes, tensors).config;
  const refuses = (
    changes: Record<string, Value | null>,
    code: string,
    message: RegExp,
    tensors: Record<string, GgufTensor> = {},
  ) => assert.throws(() => open(changes, tensors), { code, message });

  it('states sizes, with what a file may leave out', () => {
    const { head_dim, num_key_value_heads, vocab_size, rope_theta, tie_word_embeddings, eos_token_id } =
      configOf({ 'llama.attention.head_count_kv': null });
    assert.deepEqual(
      { head_dim, num_key_value_heads, vocab_size, rope_theta, tie_word_embeddings, eos_token_id },
      {
        ...{ head_dim: 4, num_key_value_heads: 2, vocab_size: 10, rope_theta: 10_000 },
        ...{ tie_word_embeddings: true, eos_token_id: [] },
      },
    );
    const perLayer: Value = ['array', 'i32', [1, 1]];
    assert.equal(configOf({ 'llama.attention.head_count_kv': perLayer }).num_key_value_heads, 1);
    assert.equal(configOf({}, { 'output.weight': embedding }).tie_word_embeddings, false);
  });

  it('fault 4, 5: refuses what is absent, contradicts itself, or is not known', () => {
    refuses(
      { 'general.architecture': null },
      'GGUF_METADATA',
      /a text for general\.architecture, got nothing/,
    );
    refuses(
      { 'general.architecture': ['string', 'mamba'] },
      'UNSUPPORTED',
      /one of llama, granite, .*gemma3 for general\.architecture, got "mamba"/,
    );
    refuses({ 'general.architecture': ['string', 'toString'] }, 'UNSUPPORTED', /"toString"/);
    for (const name of ['embedding_length', 'block_count', 'feed_forward_length', 'attention.head_count'])
      for (const value of [null, u32(0), u32(2 ** 25), f32(2.5), ['string', '8'] as Value])
        refuses(
          { [`llama.${name}`]: value },
          'GGUF_METADATA',
          new RegExp(`llama\\.${name.replaceAll('.', '\\.')}`),
        );
    refuses({ 'llama.attention.head_count': u32(3) }, 'GGUF_METADATA', /heads of an even size/);
    refuses({ 'llama.attention.head_count': u32(8) }, 'GGUF_METADATA', /heads of an even size/);
    refuses(
      { 'llama.attention.head_count_kv': ['array', 'i32', [1, 2]] },
      'GGUF_METADATA',
      /the same for each layer/,
    );
    refuses({ 'llama.attention.layer_norm_rms_epsilon': null }, 'GGUF_METADATA', /a number/);
    refuses({ 'llama.attention.value_length': u32(8) }, 'UNSUPPORTED', /head_dim 4 .*value_length, got 8/);
    refuses({ 'llama.expert_count': u32(8) }, 'UNSUPPORTED', /mixtures of experts/);
    refuses(
      { 'llama.rope.scaling.type': ['string', 'spiral'] },
      'UNSUPPORTED',
      /none, linear or yarn .*got spiral/,
    );
  });

  it('reads the scalings of RoPE', () => {
    const linear = { 'llama.rope.scaling.type': ['string', 'linear'] as Value };
    assert.deepEqual(configOf({ ...linear, 'llama.rope.scaling.factor': f32(4) }).rope_scaling, {
      rope_type: 'linear',
      factor: 4,
    });
    assert.equal(configOf({ ...linear, 'llama.rope.scaling.factor': f32(1) }).rope_scaling, undefined);
    const yarn = {
      'llama.rope.scaling.type': ['string', 'yarn'] as Value,
      'llama.rope.scaling.factor': f32(4),
      'llama.rope.scaling.original_context_length': u32(16),
    };
    const { rope_scaling: plain } = configOf(yarn) as { rope_scaling: Record<string, unknown> };
    assert.equal(plain.attention_factor, undefined);
    const { rope_scaling: more } = configOf({ ...yarn, 'llama.rope.scaling.attn_factor': f32(2) }) as {
      rope_scaling: Record<string, unknown>;
    };
    assert.equal(more.attention_factor, 2 * (0.1 * Math.log(4) + 1));
    assert.equal(configOf({ 'llama.rope.dimension_count': u32(2) }).partial_rotary_factor, 0.5);
    const factors = {
      'rope_factors_long.weight': vector(1, 2),
      'rope_factors_short.weight': vector(1, 1.5),
    };
    const long = configOf({ 'llama.rope.scaling.original_context_length': u32(16) }, factors);
    assert.deepEqual(long.rope_scaling, {
      rope_type: 'longrope',
      long_factor: [1, 2],
      short_factor: [1, 1.5],
      original_max_position_embeddings: 16,
      attention_factor: null,
    });
  });

  it('knows Llama 3’s scaling by its divisors, as the converter computes them', () => {
    const [theta, factor, headDim] = [500_000, 32, 64];
    const divisors = Array.from({ length: headDim / 2 }, (_, i) => {
      const wavelength = (2 * Math.PI) / (1 / theta ** ((2 * i) / headDim));
      if (wavelength < 8192 / 4) return 1;
      if (wavelength > 8192) return factor;
      const smooth = (8192 / wavelength - 1) / (4 - 1);
      return 1 / ((1 - smooth) / factor + smooth);
    });
    assert.ok(
      divisors.some((divisor) => divisor > 1 && divisor < factor),
      'some between',
    );
    const changes = {
      'llama.embedding_length': u32(128),
      'llama.rope.dimension_count': u32(headDim),
      'llama.rope.freq_base': f32(theta),
    };
    assert.deepEqual(configOf(changes, { 'rope_freqs.weight': vector(...divisors) }).rope_scaling, {
      rope_type: 'llama3',
      factor,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
    for (let i = 0; i < divisors.length; i += 5) {
      const other = divisors.with(i, divisors[i]! * 1.001);
      refuses(changes, 'UNSUPPORTED', /Llama 3's factors/, { 'rope_freqs.weight': vector(...other) });
    }
    refuses(changes, 'GGUF_TENSOR', /\[32\] for 'rope_freqs\.weight', got \[4\]/, {
      'rope_freqs.weight': vector(1, 1, 1, 1),
    });
  });

  it('refuses vocabularies that contradict themselves', () => {
    const tokens = (name: string, value: Value | null, message: RegExp) =>
      refuses({ [`tokenizer.ggml.${name}`]: value }, 'GGUF_METADATA', message);
    tokens('tokens', null, /a list of texts for tokenizer\.ggml\.tokens, got nothing/);
    tokens('tokens', ['array', 'u32', [1]], /a list of texts/);
    tokens('model', null, /a text for tokenizer\.ggml\.model/);
    tokens(
      'scores',
      ['array', 'f32', [1, 2, 3]],
      /a list of 4 numbers for tokenizer\.ggml\.scores, got a list of 3/,
    );
    tokens('token_type', ['array', 'f32', [1, 1, 1, 1]], /a list of 4 whole numbers/);
    tokens('eos_token_id', u32(4), /an id below 4/);
    tokens('bos_token_id', ['i32', -1], /tokenizer\.ggml\.bos_token_id, got -1/);
    tokens('add_bos_token', u32(1), /true or false/);
    const { tokenizer } = open({ 'tokenizer.ggml.merges': ['array', 'string', ['a b', 'ab c']] });
    assert.deepEqual((tokenizer as Vocabulary).merges, ['a b', 'ab c']);
    const zeros = open({
      'tokenizer.ggml.tokens': ['array', 'string', ['a\0', '\0\0\0\0\0\0\0\0', '', 'é']],
    });
    assert.deepEqual((zeros.tokenizer as Vocabulary).pieces, ['a\0', '\0\0\0\0\0\0\0\0', '', 'é']);
  });

  it('leaves tensors that it does not know under their own names, where the export warns of them', () => {
    const said: string[] = [];
    const checkpoint = open({}, { 'blk.0.attn_sinks.weight': vector(1), 'blk.0.toString.weight': vector(1) });
    assert.deepEqual(
      [...checkpoint.tensors.keys()],
      ['model.embed_tokens.weight', 'blk.0.attn_sinks.weight', 'blk.0.toString.weight'],
    );
    assert.throws(() => exportDecode(exportInput(checkpoint, { onWarning: (text) => said.push(text) })), {
      code: 'WEIGHTS',
      message: /'model\.layers\.0\.input_layernorm\.weight'/,
    });
  });
});
