/** What makes one Llama-like family different from another. */
import type { Fields } from '../../fields.ts';
import type { ModelConfig } from '../config.ts';
import type { Rope } from '../rope-config.ts';

/** All choices of a model that are not sizes. */
export interface Recipe {
  /** Biases of q, k, v projections; of o_proj; of the MLP's three. */
  qkvBias: boolean;
  outputBias: boolean;
  mlpBias: boolean;
  /** q_norm and k_norm, RMS norms before RoPE: over each head, or over the whole projection. */
  qkNorm: 'head' | 'whole' | null;
  /** How many positions layer i sees, itself included; null: all. */
  windows: (number | null)[];
  /** Which of the model's RoPEs layer i uses; null: none. */
  ropes: (number | null)[];
  /** Names of a layer's RMS norms: those of a part's input and those of its output; null where the layer has none. */
  norms: Record<'beforeAttention' | 'afterAttention' | 'beforeMlp' | 'afterMlp', string | null>;
  /** Norms multiply by 1 + weight. */
  normsAddOne: boolean;
  activation: 'silu' | 'geluTanh';
  /** Factor of q·k; null: 1/√head_dim. */
  scale: number | null;
  /** Factors: of the embedding's rows, of what is added to the residual; divisor of the logits. */
  embeddingScale: number;
  residualScale: number;
  logitsDivisor: number;
}

/** Some rows of a larger tensor of the checkpoint. */
export interface Part {
  tensor: string;
  /** How many rows the larger tensor has, and the first one of the part. */
  rows: number;
  begin: number;
}

export interface Family {
  /** model_type in config.json. */
  modelType: string;
  /** As in the class names of transformers: LlamaAttention in modeling_llama. */
  title: string;
  /** Keys that change the arithmetic and that `recipe` reads; other such keys are refused. */
  understands: readonly string[];
  /** What differs from {@link plainRecipe}. */
  recipe(fields: Fields, layers: number): Partial<Recipe>;
  /** The RoPEs of the model, where there is more than one. */
  ropes?(fields: Fields): Rope[];
  /** tie_word_embeddings where config.json does not say. */
  tiesEmbeddings?: boolean;
  /** For a tensor that the checkpoint holds as a part of a larger one: which part. */
  partOf?(name: string, config: ModelConfig): Part | undefined;
}

/** Llama's choices, which the other families change. */
export function plainRecipe(layers: number): Recipe {
  return {
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    qkNorm: null,
    windows: everyLayer(null, layers),
    ropes: everyLayer(0, layers),
    norms: {
      beforeAttention: 'input_layernorm',
      afterAttention: null,
      beforeMlp: 'post_attention_layernorm',
      afterMlp: null,
    },
    normsAddOne: false,
    activation: 'silu',
    scale: null,
    embeddingScale: 1,
    residualScale: 1,
    logitsDivisor: 1,
  };
}

/** The same window, or none, in every layer. */
export function everyLayer(window: number | null, layers: number): (number | null)[] {
  return new Array<number | null>(layers).fill(window);
}

/** A list of one entry for each layer. */
export function perLayer(fields: Fields, name: string, layers: number): unknown[] {
  const list = fields.get(name);
  return Array.isArray(list) && list.length === layers ? list : fields.fail(name, `a list of ${layers}`);
}

/** Whether each layer has a sliding window, from layer_types. */
export function slidingLayers(fields: Fields, layers: number): boolean[] {
  return perLayer(fields, 'layer_types', layers).map((type) => {
    if (type !== 'full_attention' && type !== 'sliding_attention')
      fields.unsupported('layer_types', 'full_attention or sliding_attention');
    return type === 'sliding_attention';
  });
}

/**
 * Qwen's sliding windows: none without use_sliding_window; with it, the layers that layer_types names, or all layers from
 * max_window_layers on.
 */
export function qwenWindows(fields: Fields, layers: number): (number | null)[] {
  const isSliding = fields.flag('use_sliding_window') && fields.get('sliding_window') !== undefined;
  const window = isSliding ? fields.integer('sliding_window') : null;
  if (fields.get('layer_types') !== undefined)
    return slidingLayers(fields, layers).map((slides) => (slides ? window : null));
  const first = window === null ? layers : (fields.get('max_window_layers') ?? 28);
  if (typeof first !== 'number') return fields.fail('max_window_layers', 'a number');
  return Array.from({ length: layers }, (_, i) => (i >= first ? window : null));
}
