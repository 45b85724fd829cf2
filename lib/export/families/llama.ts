import { everyLayer, type Family } from './family.ts';

export const llama: Family = {
  modelType: 'llama',
  title: 'Llama',
  understands: [],
  recipe: (fields, layers) => ({
    qkvBias: fields.flag('attention_bias'),
    outputBias: fields.flag('attention_bias'),
    mlpBias: fields.flag('mlp_bias'),
    headNorm: false,
    windows: everyLayer(null, layers),
  }),
};
