import { everyLayer, type Family } from './family.ts';

/** Llama with a sliding window. Without the key it is transformers' default of 4096; null means no window. */
export const mistral: Family = {
  modelType: 'mistral',
  title: 'Mistral',
  understands: ['sliding_window'],
  recipe: (fields, layers) => {
    const isOff = fields.object.sliding_window === null;
    return { windows: everyLayer(isOff ? null : fields.integer('sliding_window', 4096), layers) };
  },
};
