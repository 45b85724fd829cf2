/** The fields of config.json that decide what the graph computes, in the spelling of transformers 4 and 5. */

import { Fields } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import { type ModelSizes, readSizes } from '../model-sizes.ts';
import { type Family, families, plainRecipe, type Recipe } from './families/index.ts';
import { type Rope, readRope } from './rope-config.ts';

export interface ModelConfig extends ModelSizes {
  family: Family;
  recipe: Recipe;
  intermediateSize: number;
  rmsNormEps: number;
  /** `recipe.ropes` says which a layer uses. */
  ropes: Rope[];
  tieWordEmbeddings: boolean;
}

/**
 * @param among the families that may be named
 * @throws GgmaError CONFIG (field, rule, value), UNSUPPORTED for a field that would change the results and is not known here
 */
export function readModelConfig(
  file: JsonObject,
  where: string,
  among: readonly Family[] = families,
): ModelConfig {
  const fields = new Fields(file, where);
  const family = among.find(({ modelType }) => modelType === file.model_type);
  if (!family) {
    const known = among.map(({ modelType }) => modelType).join(', ');
    return fields.unsupported('model_type', `one of ${known}`);
  }
  refuseUnknown(fields, family);
  const sizes = readSizes(fields);
  const { layers, headDim } = sizes;
  if (headDim % 2 !== 0) fields.fail('head_dim', 'an even number, as RoPE rotates halves,');
  return {
    family,
    recipe: { ...plainRecipe(layers), ...family.recipe(fields, layers) },
    ...sizes,
    intermediateSize: fields.integer('intermediate_size'),
    rmsNormEps: fields.positive('rms_norm_eps', 1e-6),
    ropes: family.ropes?.(fields) ?? [readRope(fields)],
    tieWordEmbeddings: fields.flag('tie_word_embeddings', family.tiesEmbeddings ?? false),
  };
}

/**
 * Keys that change the arithmetic, each with the values that leave it as it is (absent and null always do). A key that is
 * not in this table cannot change it: training settings, token ids, file formats.
 */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  hidden_act: ['silu', 'swish'],
  hidden_activation: ['silu', 'swish'],
  quantization_config: [],
  compression_config: [],
  sliding_window: [],
  use_sliding_window: [false],
  layer_types: [],
  partial_rotary_factor: [1],
  rotary_dim: [],
  no_rope_layers: [],
  attention_multiplier: [],
  embedding_multiplier: [1],
  residual_multiplier: [1],
  logits_scaling: [1],
  logit_scale: [1],
  query_pre_attn_scalar: [],
  attn_logit_softcapping: [],
  final_logit_softcapping: [],
  attention_chunk_size: [],
  use_bidirectional_attention: [false],
  use_qk_norm: [false],
  qk_layernorm: [false],
  clip_qkv: [],
  num_experts: [],
  num_local_experts: [],
  alibi: [false],
};

function refuseUnknown(fields: Fields, family: Family): void {
  for (const [name, neutral] of Object.entries(NEUTRAL)) {
    const value = fields.get(name);
    if (value === undefined || family.understands.includes(name) || neutral.includes(value)) continue;
    fields.unsupported(name, neutral.length === 0 ? 'none' : neutral.join(' or '));
  }
}
