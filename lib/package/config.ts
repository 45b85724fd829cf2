/**
 * config.json and generation_config.json as far as running a package needs them. What the model computes stands
 * in its graph, not here; so this file says which numbers are sensible, and which ids end a generation.
 */
import { Fields } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import { type ModelSizes, readSizes } from '../model-sizes.ts';
import { anyModel, ruleOf } from '../options/index.ts';
import { recommendedRows, type SamplingDefaults } from '../runtime/index.ts';

export interface PackageConfig extends ModelSizes {
  modelType: string | null;
  /** Positions that the model was trained for; null where the file does not say. */
  maxPositions: number | null;
  /** Ids that end a generation; empty where the file names none. */
  eosIds: number[];
}

/** @throws GgmaError CONFIG: field, value, rule */
export function readConfig(file: JsonObject, where: string): PackageConfig {
  const fields = new Fields(file, where);
  const sizes = readSizes(fields);
  return {
    ...sizes,
    modelType: fields.optionalString('model_type'),
    maxPositions: fields.optionalInteger('max_position_embeddings', 2 ** 31 - 1),
    eosIds: fields.ids('eos_token_id', sizes.vocabSize),
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
