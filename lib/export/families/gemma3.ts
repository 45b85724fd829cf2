import type { Fields } from '../../fields.ts';
import { type Rope, readRope, readRopeParameters } from '../rope-config.ts';
import { type Family, slidingLayers } from './family.ts';

/** Layers with and without a window, each kind with its own RoPE; four norms in a layer, by 1 + weight; tanh GELU. */
export const gemma3: Family = {
  modelType: 'gemma3_text',
  title: 'Gemma3',
  understands: ['sliding_window', 'layer_types', 'query_pre_attn_scalar', 'hidden_activation'],
  tiesEmbeddings: true,
  recipe: (fields, layers) => {
    if (fields.get('hidden_activation') !== 'gelu_pytorch_tanh')
      fields.unsupported('hidden_activation', 'gelu_pytorch_tanh');
    const slides = layerKinds(fields, layers);
    const window = fields.integer('sliding_window', 4096);
    return {
      qkvBias: fields.flag('attention_bias'),
      outputBias: fields.flag('attention_bias'),
      qkNorm: 'head',
      windows: slides.map((does) => (does ? window : null)),
      ropes: slides.map((does) => (does ? 1 : 0)),
      norms: {
        beforeAttention: 'input_layernorm',
        afterAttention: 'post_attention_layernorm',
        beforeMlp: 'pre_feedforward_layernorm',
        afterMlp: 'post_feedforward_layernorm',
      },
      normsAddOne: true,
      activation: 'geluTanh',
      scale: fields.positive('query_pre_attn_scalar', 256) ** -0.5,
      embeddingScale: Math.sqrt(fields.integer('hidden_size')),
    };
  },
  ropes,
};

/** Whether each layer has a window. Older files state only that every n-th layer has none. */
function layerKinds(fields: Fields, layers: number): boolean[] {
  if (fields.get('layer_types') !== undefined) return slidingLayers(fields, layers);
  const pattern = fields.integer('sliding_window_pattern', 6);
  return Array.from({ length: layers }, (_, i) => (i + 1) % pattern !== 0);
}

/** The RoPE of full and of sliding layers. Older files have a scaling for the full layers only. */
function ropes(fields: Fields): Rope[] {
  const kinds = fields.nested('rope_parameters');
  const [full, sliding] = [kinds?.nested('full_attention'), kinds?.nested('sliding_attention')];
  if (full && sliding) return [readRopeParameters(full, 1e6), readRopeParameters(sliding, 10_000)];
  const theta = fields.positive('rope_local_base_freq', 10_000);
  return [readRope(fields, 1e6), { theta, scaling: { type: 'default' } }];
}
