/**
 * Seed-OSS (model_type seed_oss) as a family: Llama with biases on q, k and v. What one adds to ggma is this file as
 * lib/export/families/seed_oss.ts (importing ./family.ts), one line in families/index.ts, and a golden.
 *
 * Sources of a family: `configuration_NAME.py` of transformers for the keys and their defaults, `modeling_NAME.py` for
 * what they do. Whatever differs from Llama goes into the recipe; a key that would change the arithmetic and is not
 * listed in `understands` is refused on its own.
 */
import type { Family } from '../../lib/export/index.ts';

export const seedOss: Family = {
  modelType: 'seed_oss',
  title: 'SeedOss',
  understands: [],
  recipe: (fields) => {
    // Their defaults are not Llama's: a config.json that leaves them out would mean other sizes here.
    for (const name of ['head_dim', 'num_key_value_heads'])
      if (fields.get(name) === undefined) fields.fail(name, 'a number');
    return {
      qkvBias: fields.flag('attention_bias', true),
      outputBias: fields.flag('attention_out_bias'),
      mlpBias: fields.flag('mlp_bias'),
    };
  },
};
