/** config.json as far as it decides what the graph computes. Old and new spelling; facts: transformers' LlamaConfig. */
import { GgmaError } from '../errors.ts';
import { isObject, type JsonObject } from '../json.ts';

export interface Rope {
  theta: number;
  scaling:
    | { type: 'default' }
    | { type: 'linear'; factor: number }
    | { type: 'llama3'; factor: number; lowFreqFactor: number; highFreqFactor: number; originalMaxPositions: number };
}

export interface ModelConfig {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabSize: number;
  rmsNormEps: number;
  rope: Rope;
  tieWordEmbeddings: boolean;
  attentionBias: boolean;
  mlpBias: boolean;
}

/** @throws GgmaError CONFIG (field, rule, value), UNSUPPORTED for what would change the arithmetic unseen */
export function readModelConfig(file: JsonObject, where: string): ModelConfig {
  const fail = (field: string, rule: string): never => {
    throw new GgmaError('CONFIG', `expected ${rule} for ${field}, got ${JSON.stringify(file[field]) ?? 'nothing'}`, {
      path: where,
    });
  };
  const integer = (field: string, initial?: number): number => {
    const value = file[field] ?? initial;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 2 ** 24)
      return fail(field, 'an integer from 1 to 16777216');
    return value;
  };
  const flag = (field: string): boolean => {
    const value = file[field] ?? false;
    return typeof value === 'boolean' ? value : fail(field, 'true or false');
  };
  refuseUnknown(file, where);
  const hiddenSize = integer('hidden_size');
  const heads = integer('num_attention_heads');
  const kvHeads = integer('num_key_value_heads', heads);
  if (heads % kvHeads !== 0) fail('num_key_value_heads', `a divisor of num_attention_heads ${heads}`);
  if (file.head_dim === undefined && hiddenSize % heads !== 0)
    fail('num_attention_heads', `a divisor of hidden_size ${hiddenSize}`);
  const headDim = integer('head_dim', hiddenSize / heads);
  if (headDim % 2 !== 0) fail('head_dim', 'an even number, as RoPE rotates halves,');
  const eps = file.rms_norm_eps ?? 1e-6;
  if (typeof eps !== 'number' || !(eps > 0)) fail('rms_norm_eps', 'a positive number');
  return {
    hiddenSize,
    intermediateSize: integer('intermediate_size'),
    layers: integer('num_hidden_layers'),
    heads,
    kvHeads,
    headDim,
    vocabSize: integer('vocab_size'),
    rmsNormEps: eps as number,
    rope: readRope(file, where),
    tieWordEmbeddings: flag('tie_word_embeddings'),
    attentionBias: flag('attention_bias'),
    mlpBias: flag('mlp_bias'),
  };
}

/** Values that mean nothing special; another one would be arithmetic that the graph does not have. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  model_type: ['llama'],
  hidden_act: [undefined, 'silu', 'swish'],
  quantization_config: [undefined, null],
  sliding_window: [undefined, null],
  partial_rotary_factor: [undefined, null, 1],
  pretraining_tp: [undefined, null, 1],
};

function refuseUnknown(file: JsonObject, where: string): void {
  for (const [field, known] of Object.entries(NEUTRAL)) {
    if (known.includes(file[field])) continue;
    const expected = known.filter((value) => typeof value === 'string').join(' or ') || 'none';
    throw new GgmaError(
      'UNSUPPORTED',
      `expected ${expected} for ${field}, got ${JSON.stringify(file[field]) ?? 'nothing'}`,
      { path: where },
    );
  }
}

/** `rope_theta` + `rope_scaling`, or `rope_parameters`. */
function readRope(file: JsonObject, where: string): Rope {
  const nested = file.rope_parameters ?? file.rope_scaling ?? {};
  const parameters = isObject(nested) ? nested : {};
  const number = (name: string, value: unknown): number => {
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw new GgmaError('CONFIG', `expected a positive number for ${name}, got ${JSON.stringify(value) ?? 'nothing'}`, {
      path: where,
    });
  };
  const theta = number('rope_theta', parameters.rope_theta ?? file.rope_theta ?? 10_000);
  const type = parameters.rope_type ?? parameters.type ?? 'default';
  if (type === 'default') return { theta, scaling: { type } };
  if (type === 'linear') return { theta, scaling: { type, factor: number('factor', parameters.factor) } };
  if (type === 'llama3')
    return {
      theta,
      scaling: {
        type,
        factor: number('factor', parameters.factor),
        lowFreqFactor: number('low_freq_factor', parameters.low_freq_factor),
        highFreqFactor: number('high_freq_factor', parameters.high_freq_factor),
        originalMaxPositions: number(
          'original_max_position_embeddings',
          parameters.original_max_position_embeddings,
        ),
      },
    };
  throw new GgmaError(
    'UNSUPPORTED',
    `expected default, linear or llama3 for rope_type, got ${JSON.stringify(type)}`,
    { path: where },
  );
}
