/**
 * The sizes that config.json states, as exporting and running a model read them: both must agree on defaults and rules,
 * or a package that was exported could not be loaded.
 */
import type { Fields } from './fields.ts';

export interface ModelSizes {
  hiddenSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabSize: number;
}

/** @throws GgmaError CONFIG: field, value, rule */
export function readSizes(fields: Fields): ModelSizes {
  const hiddenSize = fields.integer('hidden_size');
  const layers = fields.integer('num_hidden_layers');
  const heads = fields.integer('num_attention_heads');
  const kvHeads = fields.integer('num_key_value_heads', heads);
  const headDim = fields.optionalInteger('head_dim');
  const vocabSize = fields.integer('vocab_size');
  if (headDim === null && hiddenSize % heads !== 0)
    fields.fail('num_attention_heads', `a divisor of hidden_size ${hiddenSize}`);
  if (heads % kvHeads !== 0) fields.fail('num_key_value_heads', `a divisor of num_attention_heads ${heads}`);
  return { hiddenSize, layers, heads, kvHeads, headDim: headDim ?? hiddenSize / heads, vocabSize };
}
