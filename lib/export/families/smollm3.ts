import { type Family, perLayer, qwenWindows } from './family.ts';

/** Some layers have no RoPE: those with a 0 in no_rope_layers, or every fourth. */
export const smollm3: Family = {
  modelType: 'smollm3',
  title: 'SmolLM3',
  understands: ['no_rope_layers', 'sliding_window', 'use_sliding_window', 'layer_types'],
  tiesEmbeddings: true,
  recipe: (fields, layers) => ({
    qkvBias: fields.flag('attention_bias'),
    outputBias: fields.flag('attention_bias'),
    mlpBias: fields.flag('mlp_bias'),
    windows: qwenWindows(fields, layers),
    ropes: ropeLayers(fields, layers),
  }),
};

function ropeLayers(fields: Parameters<Family['recipe']>[0], layers: number): (number | null)[] {
  if (fields.get('no_rope_layers') !== undefined)
    return perLayer(fields, 'no_rope_layers', layers).map((has) => {
      if (has !== 0 && has !== 1) fields.fail('no_rope_layers', 'a list of 0 and 1');
      return has === 1 ? 0 : null;
    });
  const interval = fields.integer('no_rope_layer_interval', 4);
  return Array.from({ length: layers }, (_, i) => ((i + 1) % interval === 0 ? null : 0));
}
