import { type Family, qwenWindows } from './family.ts';

/** q, k and v always have biases; config.json has no flag for them. */
export const qwen2: Family = {
  modelType: 'qwen2',
  title: 'Qwen2',
  understands: ['sliding_window', 'use_sliding_window', 'layer_types'],
  recipe: (fields, layers) => ({ qkvBias: true, windows: qwenWindows(fields, layers) }),
};
