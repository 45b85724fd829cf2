import { type Family, qwenWindows } from './family.ts';

/** q, k and v have biases, and no flag says so. */
export const qwen2: Family = {
  modelType: 'qwen2',
  title: 'Qwen2',
  understands: ['sliding_window', 'use_sliding_window', 'layer_types'],
  recipe: (fields, layers) => ({ qkvBias: true, windows: qwenWindows(fields, layers) }),
};
