/**
 * config.json and generation_config.json as far as running a package needs them. What the model computes stands
 * in its graph, not here; so this file says which numbers are sensible, and which ids end a generation.
 */
import { Fields } from '../fields.ts';
import { isObject, type JsonObject } from '../json.ts';
import { anyModel, recommendedRows, ruleOf, type SamplingDefaults } from '../runtime/index.ts';

export interface PackageConfig {
  modelType: string | null;
  hiddenSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabSize: number;
  /** Positions that the model was trained for; null where the file does not say. */
  maxPositions: number | null;
  /** Ids that end a generation; empty where the file names none. */
  eosIds: number[];
}

/** @throws GgmaError CONFIG: field, value, rule */
export function readConfig(file: JsonObject, where: string): PackageConfig {
  const fields = new Fields(file, where);
  const hiddenSize = fields.integer('hidden_size');
  const layers = fields.integer('num_hidden_layers');
  const heads = fields.integer('num_attention_heads');
  const kvHeads = fields.integer('num_key_value_heads', heads);
  const explicitHeadDim = fields.optionalInteger('head_dim');
  const vocabSize = fields.integer('vocab_size');
  if (explicitHeadDim === null && hiddenSize % heads !== 0)
    fields.fail('num_attention_heads', `a divisor of hidden_size ${hiddenSize}`);
  if (heads % kvHeads !== 0) fields.fail('num_key_value_heads', `a divisor of num_attention_heads ${heads}`);
  return {
    modelType: fields.optionalString('model_type'),
    hiddenSize,
    layers,
    heads,
    kvHeads,
    headDim: explicitHeadDim ?? hiddenSize / heads,
    vocabSize,
    maxPositions: fields.optionalInteger('max_position_embeddings', 2 ** 31 - 1),
    eosIds: fields.ids('eos_token_id', vocabSize),
  };
}

/** generation_config.json's end-of-sequence ids; empty where it names none. @throws GgmaError CONFIG */
export function readGenerationEos(file: JsonObject, where: string, vocabSize: number): number[] {
  return new Fields(file, where).ids('eos_token_id', vocabSize);
}

/**
 * What generation_config.json recommends for drawing tokens at random; null and absent are the same.
 * @throws GgmaError CONFIG
 */
export function readSamplingDefaults(file: JsonObject, where: string): SamplingDefaults {
  const fields = new Fields(file, where);
  const found: SamplingDefaults = {};
  for (const [option, row] of recommendedRows()) {
    const value = fields.get(row.recommended);
    if (value === undefined) continue;
    const rule = ruleOf(row, anyModel);
    if (!rule.holds(value)) return fields.fail(row.recommended, rule.expects);
    found[option] = value;
  }
  return found;
}

/**
 * The text of the end-of-sequence token in tokenizer_config.json, which tokenizer.json does not say; null where the
 * file names none. Older files hold an object in place of the text. @throws GgmaError CONFIG
 */
export function readEosToken(file: JsonObject, where: string): string | null {
  const fields = new Fields(file, where);
  return isObject(file.eos_token)
    ? fields.nested('eos_token')!.optionalString('content')
    : fields.optionalString('eos_token');
}
