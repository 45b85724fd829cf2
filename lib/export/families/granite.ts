import type { Family } from './family.ts';

/** Llama with four multipliers. */
export const granite: Family = {
  modelType: 'granite',
  title: 'Granite',
  understands: ['attention_multiplier', 'embedding_multiplier', 'residual_multiplier', 'logits_scaling'],
  recipe: (fields) => ({
    qkvBias: fields.flag('attention_bias'),
    outputBias: fields.flag('attention_bias'),
    mlpBias: fields.flag('mlp_bias'),
    scale: fields.positive('attention_multiplier', 1),
    embeddingScale: fields.positive('embedding_multiplier', 1),
    residualScale: fields.positive('residual_multiplier', 1),
    logitsDivisor: fields.positive('logits_scaling', 1),
  }),
};
