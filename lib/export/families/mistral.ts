import { everyLayer, type Family } from './family.ts';

/** Llama with a sliding window; a file without the key means transformers' default of 4096, null means none. */
export const mistral: Family = {
  modelType: 'mistral',
  title: 'Mistral',
  understands: ['sliding_window'],
  recipe: (fields, layers) => {
    const isOff = fields.object.sliding_window === null;
    const window = isOff ? null : fields.integer('sliding_window', 4096);
    return {
      qkvBias: false,
      outputBias: false,
      mlpBias: false,
      headNorm: false,
      windows: everyLayer(window, layers),
    };
  },
};
