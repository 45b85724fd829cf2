import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import { readModelConfig } from '../../../lib/export/config.ts';
import { families } from '../../../lib/export/families/index.ts';
import { inverseFrequencies } from '../../../lib/export/rope.ts';
import { parseJsonObject } from '../../../lib/json.ts';
import { tinyConfig } from '../../support/checkpoint.ts';

const read = (changes: object = {}) => {
  const text = JSON.stringify({ ...tinyConfig, ...changes });
  return readModelConfig(parseJsonObject(Buffer.from(text), 'config.json'), 'config.json');
};

/** The error must have this code and name all of these. */
const refuses = (changes: object, code: string, ...words: string[]) =>
  assert.throws(
    () => read(changes),
    (error: unknown) => {
      assert.ok(error instanceof GgmaError);
      assert.equal(error.code, code, error.message);
      for (const word of words) assert.ok(error.message.includes(word), `${error.message} names ${word}`);
      return true;
    },
  );

describe('export/config', () => {
  it('fills in what files leave out', () => {
    const { kvHeads, headDim, rope, rmsNormEps } = read({
      num_key_value_heads: undefined,
      rms_norm_eps: undefined,
      head_dim: null,
    });
    assert.deepEqual({ kvHeads, headDim, rmsNormEps }, { kvHeads: 2, headDim: 4, rmsNormEps: 1e-6 });
    assert.deepEqual(rope, { theta: 10_000, scaling: { type: 'default' } });
  });

  it('reads old and new spelling of RoPE alike', () => {
    const llama3 = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    };
    const old = read({ rope_theta: 500_000, rope_scaling: { rope_type: 'llama3', ...llama3 } });
    const older = read({ rope_theta: 500_000, rope_scaling: { type: 'llama3', ...llama3 } });
    const newer = read({ rope_parameters: { rope_theta: 500_000, rope_type: 'llama3', ...llama3 } });
    assert.equal(newer.rope.scaling.type, 'llama3');
    assert.deepEqual(old.rope, newer.rope);
    assert.deepEqual(older.rope, newer.rope);
    assert.equal(read({ rope_scaling: null }).rope.scaling.type, 'default');
  });

  it('fault 4: refuses sizes that cannot be, with field, rule and value', () => {
    for (const value of [undefined, 0, -1, 1.5, 1e9, '8', true, [8]])
      refuses({ hidden_size: value }, 'CONFIG', 'hidden_size', 'integer');
    refuses({ hidden_size: 9 }, 'CONFIG', 'num_attention_heads', 'divisor of hidden_size 9');
    refuses({ num_attention_heads: 4, num_key_value_heads: 3 }, 'CONFIG', 'num_key_value_heads', 'divisor');
    refuses({ head_dim: 3 }, 'CONFIG', 'head_dim', 'even');
    refuses({ rms_norm_eps: 0 }, 'CONFIG', 'rms_norm_eps');
    refuses({ tie_word_embeddings: 'yes' }, 'CONFIG', 'tie_word_embeddings', '"yes"');
    refuses({ rope_scaling: { rope_type: 'linear' } }, 'CONFIG', 'rope_scaling.factor', 'nothing');
    refuses({ rope_scaling: 'linear' }, 'CONFIG', 'rope_scaling', 'object');
  });

  it('fault 5: refuses what would change the arithmetic unseen, and lists what is known', () => {
    refuses(
      { model_type: 'gpt2' },
      'UNSUPPORTED',
      'model_type',
      '"gpt2"',
      ...families.map((f) => f.modelType),
    );
    refuses({ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'UNSUPPORTED', '"yarn"', 'llama3');
    refuses({ quantization_config: { bits: 4 } }, 'UNSUPPORTED', 'quantization_config');
    refuses({ hidden_act: 'gelu' }, 'UNSUPPORTED', 'hidden_act', 'silu');
    refuses({ sliding_window: 16 }, 'UNSUPPORTED', 'sliding_window');
    refuses({ partial_rotary_factor: 0.5 }, 'UNSUPPORTED', 'partial_rotary_factor');
    refuses({ rope_parameters: { partial_rotary_factor: 0.5 } }, 'UNSUPPORTED', 'partial_rotary_factor');
    refuses({ rope_parameters: { full_attention: { rope_theta: 1 } } }, 'UNSUPPORTED', 'rope_parameters');
    refuses({ residual_multiplier: 0.6 }, 'UNSUPPORTED', 'residual_multiplier');
  });

  it('ignores what is harmless', () => {
    const config = read({
      transformers_version: '9',
      initializer_range: 1,
      some_new_key: {},
      residual_multiplier: 1,
    });
    assert.deepEqual(config, read());
  });

  it('knows the windows of mistral and qwen', () => {
    const windows = (changes: object) => read(changes).recipe.windows;
    assert.deepEqual(windows({ model_type: 'mistral', sliding_window: 5 }), [5, 5]);
    assert.deepEqual(windows({ model_type: 'mistral', sliding_window: null }), [null, null]);
    assert.deepEqual(windows({ model_type: 'mistral' }), [4096, 4096]);
    assert.deepEqual(windows({ model_type: 'qwen2', sliding_window: 5 }), [null, null]);
    const sliding = { model_type: 'qwen3', sliding_window: 5, use_sliding_window: true };
    assert.deepEqual(windows({ ...sliding, max_window_layers: 1 }), [null, 5]);
    assert.deepEqual(windows({ ...sliding, layer_types: ['sliding_attention', 'full_attention'] }), [
      5,
      null,
    ]);
    refuses(
      { ...sliding, layer_types: ['full_attention', 'linear_attention'] },
      'UNSUPPORTED',
      'layer_types',
    );
  });

  it('scales frequencies: linear by its factor, llama3 only the slow ones', () => {
    const plain = inverseFrequencies({ theta: 10_000, scaling: { type: 'default' } }, 16);
    const linear = inverseFrequencies({ theta: 10_000, scaling: { type: 'linear', factor: 2 } }, 16);
    assert.deepEqual(
      linear,
      plain.map((frequency) => frequency / 2),
    );
    const llama3 = inverseFrequencies(
      {
        theta: 10_000,
        scaling: { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 64 },
      },
      16,
    );
    assert.equal(llama3[0], plain[0]);
    assert.equal(llama3[7], plain[7]! / 8);
    const between = llama3.filter((frequency, i) => frequency < plain[i]! && frequency > plain[i]! / 8);
    assert.ok(between.length > 0);
  });
});
