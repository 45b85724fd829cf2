/**
 * config.json and generation_config.json as far as running a package needs them. What the model computes stands
 * in its graph, not here; so this file says which numbers are sensible, and which ids end a generation.
 */
import { GgmaError } from '../errors.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { defaultsRules, type SamplingDefaults, show } from '../runtime/index.ts';

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
  const hiddenSize = fields.integer('hidden_size', 1, 2 ** 20);
  const layers = fields.integer('num_hidden_layers', 1, 4096);
  const heads = fields.integer('num_attention_heads', 1, 65_536);
  const kvHeads = fields.optionalInteger('num_key_value_heads', 1, 65_536) ?? heads;
  const explicitHeadDim = fields.optionalInteger('head_dim', 1, 65_536);
  const vocabSize = fields.integer('vocab_size', 1, 2 ** 24);
  if (explicitHeadDim === null && hiddenSize % heads !== 0)
    fields.fail('num_attention_heads', `a divisor of hidden_size ${hiddenSize}`, heads);
  if (heads % kvHeads !== 0)
    fields.fail('num_key_value_heads', `a divisor of num_attention_heads ${heads}`, kvHeads);
  return {
    modelType: fields.optionalString('model_type'),
    hiddenSize,
    layers,
    heads,
    kvHeads,
    headDim: explicitHeadDim ?? hiddenSize / heads,
    vocabSize,
    maxPositions: fields.optionalInteger('max_position_embeddings', 1, 2 ** 31 - 1),
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
  const names = {
    temperature: 'temperature',
    topK: 'top_k',
    topP: 'top_p',
    minP: 'min_p',
    repeatPenalty: 'repetition_penalty',
  } as const;
  const found: SamplingDefaults = {};
  for (const [option, name] of Object.entries(names) as [keyof SamplingDefaults, string][]) {
    const value = file[name];
    if (value === undefined || value === null) continue;
    const rule = defaultsRules[option];
    if (!rule.holds(value)) new Fields(file, where).fail(name, rule.expects, value);
    found[option] = value as number;
  }
  return found;
}

class Fields {
  readonly #object: JsonObject;
  readonly #where: string;

  constructor(object: JsonObject, where: string) {
    this.#object = object;
    this.#where = where;
  }

  integer(name: string, min: number, max: number): number {
    return (
      this.optionalInteger(name, min, max) ??
      this.fail(name, `an integer from ${min} to ${max}`, this.#object[name])
    );
  }

  /** null and absent are the same: files are written either way. */
  optionalInteger(name: string, min: number, max: number): number | null {
    const value = this.#object[name];
    if (value === undefined || value === null) return null;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      return this.fail(name, `an integer from ${min} to ${max}`, value);
    return value;
  }

  optionalString(name: string): string | null {
    const value = this.#object[name];
    if (value === undefined || value === null) return null;
    return typeof value === 'string' ? value : this.fail(name, 'a string', value);
  }

  /** One id, a list of ids, null or absent. */
  ids(name: string, vocabSize: number): number[] {
    const value = this.#object[name];
    if (value === undefined || value === null) return [];
    const list: Json[] = Array.isArray(value) ? value : [value];
    for (const id of list)
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize)
        this.fail(name, `token ids from 0 to ${vocabSize - 1}`, value);
    return [...new Set(list as number[])];
  }

  fail(name: string, rule: string, value: Json | undefined): never {
    const got = value === undefined ? 'nothing' : isObject(value) ? 'an object' : show(value);
    throw new GgmaError('CONFIG', `expected ${rule} for ${name}, got ${got}`, { path: this.#where });
  }
}
