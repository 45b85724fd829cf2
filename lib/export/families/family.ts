/** What tells one Llama-like family from another. */
import type { Fields } from '../../fields.ts';

/** The choices of one model that are no sizes. */
export interface Recipe {
  /** Biases of q, k, v projections; of o_proj; of the MLP's three. */
  qkvBias: boolean;
  outputBias: boolean;
  mlpBias: boolean;
  /** q_norm and k_norm: RMS norms over each head, before RoPE. */
  headNorm: boolean;
  /** How many positions layer i sees, itself included; null: all. */
  windows: (number | null)[];
}

export interface Family {
  /** model_type in config.json. */
  modelType: string;
  /** As in the class names of transformers: LlamaAttention in modeling_llama. */
  title: string;
  /** Keys that change the arithmetic and that `recipe` reads; other such keys are refused. */
  understands: readonly string[];
  recipe(fields: Fields, layers: number): Recipe;
}

/** The same window, or none, in every layer. */
export function everyLayer(window: number | null, layers: number): (number | null)[] {
  return new Array<number | null>(layers).fill(window);
}

/**
 * Qwen's way of saying which layers slide: only with use_sliding_window, and then layer_types, or all layers from
 * max_window_layers on.
 */
export function qwenWindows(fields: Fields, layers: number): (number | null)[] {
  const isSliding = fields.flag('use_sliding_window') && fields.get('sliding_window') !== undefined;
  const window = isSliding ? fields.integer('sliding_window') : null;
  const types = fields.get('layer_types');
  if (types === undefined) {
    const first = window === null ? layers : (fields.get('max_window_layers') ?? 28);
    if (typeof first !== 'number') return fields.fail('max_window_layers', 'a number');
    return Array.from({ length: layers }, (_, i) => (i >= first ? window : null));
  }
  if (!Array.isArray(types) || types.length !== layers)
    return fields.fail('layer_types', `a list of ${layers}`);
  return types.map((type) => {
    if (type === 'full_attention') return null;
    if (type === 'sliding_attention') return window;
    return fields.unsupported('layer_types', 'full_attention or sliding_attention');
  });
}
