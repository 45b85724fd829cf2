import { type Family, qwenWindows } from './family.ts';

/** RMS norms over each head of q and k, before RoPE. */
export const qwen3: Family = {
  modelType: 'qwen3',
  title: 'Qwen3',
  understands: ['sliding_window', 'use_sliding_window', 'layer_types'],
  recipe: (fields, layers) => ({
    qkvBias: fields.flag('attention_bias'),
    outputBias: fields.flag('attention_bias'),
    qkNorm: 'head',
    windows: qwenWindows(fields, layers),
  }),
};
