import type { Family } from './family.ts';

export const llama: Family = {
  modelType: 'llama',
  title: 'Llama',
  understands: [],
  recipe: (fields) => ({
    qkvBias: fields.flag('attention_bias'),
    outputBias: fields.flag('attention_bias'),
    mlpBias: fields.flag('mlp_bias'),
  }),
};
