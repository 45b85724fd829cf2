/** RoPE's part of the metadata in the words of config.json. */
import type { JsonObject } from '../../json.ts';
import type { ModelValues } from './config.ts';

type Refuse = (name: string, expected: string) => never;

/** @throws GgmaError UNSUPPORTED for a kind of RoPE that is not known here */
export function ropeConfig(values: ModelValues, refuse: Refuse): JsonObject {
  const { headDim } = values.sizes;
  const dimensions = values.integer('rope.dimension_count') ?? headDim;
  const scaling = scalingOf(values, refuse);
  return {
    rope_theta: values.number('rope.freq_base') ?? 10_000,
    ...(scaling === null ? {} : { rope_scaling: scaling }),
    ...(dimensions === headDim ? {} : { partial_rotary_factor: dimensions / headDim }),
  };
}

function scalingOf(values: ModelValues, refuse: Refuse): JsonObject | null {
  const type = values.text('rope.scaling.type') ?? 'none';
  const factor = values.number('rope.scaling.factor');
  const original = values.integer('rope.scaling.original_context_length');
  const pairs = (values.integer('rope.dimension_count') ?? values.sizes.headDim) / 2;
  const factors = values.floats('rope_freqs.weight', pairs);
  if (factors !== null) return llama3Of(values, factors, refuse);
  const long = values.floats('rope_factors_long.weight', pairs);
  const short = values.floats('rope_factors_short.weight', pairs);
  if (long !== null && short !== null)
    return {
      rope_type: 'longrope',
      long_factor: [...long],
      short_factor: [...short],
      original_max_position_embeddings: original,
      attention_factor: values.number('rope.scaling.attn_factor'),
    };
  if (type === 'none' || (type === 'linear' && (factor ?? 1) === 1)) return null;
  if (type === 'linear') return { rope_type: 'linear', factor };
  if (type === 'yarn')
    return {
      rope_type: 'yarn',
      factor,
      original_max_position_embeddings: original,
      beta_fast: values.number('rope.scaling.yarn_beta_fast'),
      beta_slow: values.number('rope.scaling.yarn_beta_slow'),
      ...yarnAttention(values, factor ?? 1),
    };
  return refuse('rope.scaling.type', 'none, linear or yarn');
}

/** The file's factor multiplies what YaRN does by itself; config.json's replaces it. */
function yarnAttention(values: ModelValues, factor: number): JsonObject {
  const own = values.number('rope.scaling.yarn_attn_factor') ?? values.number('rope.scaling.attn_factor');
  return own === null || own === 1 ? {} : { attention_factor: own * (0.1 * Math.log(factor) + 1) };
}

/** What every Llama 3 has beside its factor. */
const LLAMA3 = { low: 1, high: 4, original: 8192 };
/** Factors are rounded to float32 in the file. */
const TOLERANCE = 1e-5;

/**
 * Llama 3's scaling is a tensor of divisors of the frequencies in GGUF, and four numbers in config.json. The largest
 * divisor is the factor; the other three are the same in all of the family, which is proved by computing the tensor.
 */
function llama3Of(values: ModelValues, divisors: Float32Array, refuse: Refuse): JsonObject {
  const theta = values.number('rope.freq_base') ?? 10_000;
  const factor = divisors.reduce((a, b) => Math.max(a, b), 1);
  const { low, high, original } = LLAMA3;
  const expected = (i: number): number => {
    const wavelength = 2 * Math.PI * theta ** (i / divisors.length);
    if (wavelength < original / high) return 1;
    if (wavelength > original / low) return factor;
    const smooth = (original / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  };
  if (!divisors.every((divisor, i) => Math.abs(divisor / expected(i) - 1) <= TOLERANCE))
    return refuse('rope_freqs.weight', "Llama 3's factors");
  return {
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: original,
  };
}
