import type { Family } from './family.ts';

/** The outputs of attention and MLP are normed, their inputs are not; q and k are normed before they are split into heads. */
export const olmo2: Family = {
  modelType: 'olmo2',
  title: 'Olmo2',
  understands: [],
  recipe: (fields) => ({
    qkvBias: fields.flag('attention_bias'),
    outputBias: fields.flag('attention_bias'),
    qkNorm: 'whole',
    norms: {
      beforeAttention: null,
      afterAttention: 'post_attention_layernorm',
      beforeMlp: null,
      afterMlp: 'post_feedforward_layernorm',
    },
  }),
};
