/**
 * What general.architecture means: which family of transformers it is, how its tensors are called there, and what its
 * metadata say in the words of config.json. After llama.cpp's converters, which wrote the files.
 */
import type { JsonObject } from '../../json.ts';
import type { ModelValues } from './config.ts';

export interface Architecture {
  /** model_type in config.json. */
  modelType: string;
  /**
   * The rows of q and k are in the order that llama.cpp's interleaved RoPE turns: of each head, first and second half in
   * turn.
   */
  interleaved: boolean;
  /** Tensors of a layer: the name in `blk.N.` → the name in `model.layers.N.`. */
  layer: Readonly<Record<string, string>>;
  /** What config.json says beyond sizes and RoPE. */
  config(values: ModelValues): JsonObject;
}

const LLAMA_LAYER = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};
const QK_NORMS = { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' };

/** Whether the file has biases, which config.json states and the metadata do not. */
const biases = ({ has }: ModelValues): JsonObject => ({
  attention_bias: has('blk.0.attn_q.bias'),
  mlp_bias: has('blk.0.ffn_up.bias'),
});

const llama: Architecture = { modelType: 'llama', interleaved: true, layer: LLAMA_LAYER, config: biases };

const architectures: Readonly<Record<string, Architecture>> = {
  llama,
  granite: {
    ...llama,
    modelType: 'granite',
    config: (values) => ({
      ...biases(values),
      attention_multiplier: values.number('attention.scale'),
      embedding_multiplier: values.number('embedding_scale'),
      residual_multiplier: values.number('residual_scale'),
      logits_scaling: values.number('logit_scale'),
    }),
  },
  // Every fourth layer is without RoPE: no file says so, and none of the family is otherwise.
  smollm3: {
    ...llama,
    modelType: 'smollm3',
    config: (values) => ({ ...biases(values), no_rope_layer_interval: 4 }),
  },
  qwen2: { ...llama, modelType: 'qwen2', interleaved: false, config: () => ({}) },
  qwen3: {
    modelType: 'qwen3',
    interleaved: false,
    layer: { ...LLAMA_LAYER, ...QK_NORMS },
    config: ({ has }) => ({ attention_bias: has('blk.0.attn_q.bias') }),
  },
  phi3: {
    modelType: 'phi3',
    interleaved: false,
    layer: { ...LLAMA_LAYER, attn_qkv: 'self_attn.qkv_proj', ffn_up: 'mlp.gate_up_proj' },
    config: ({ integer }) => ({ sliding_window: integer('attention.sliding_window') || null }),
  },
  olmo2: {
    modelType: 'olmo2',
    interleaved: false,
    layer: {
      ...LLAMA_LAYER,
      ...QK_NORMS,
      post_attention_norm: 'post_attention_layernorm',
      post_ffw_norm: 'post_feedforward_layernorm',
    },
    config: ({ has }) => ({ attention_bias: has('blk.0.attn_q.bias') }),
  },
  gemma3: {
    modelType: 'gemma3_text',
    interleaved: false,
    layer: {
      ...LLAMA_LAYER,
      ...QK_NORMS,
      ffn_norm: 'pre_feedforward_layernorm',
      post_attention_norm: 'post_attention_layernorm',
      post_ffw_norm: 'post_feedforward_layernorm',
    },
    config: gemma3Config,
  },
};

/** Layers of the one Gemma 3 whose scores are scaled by hidden_size / heads and not by head_dim. */
const GEMMA3_27B_LAYERS = 62;

function gemma3Config({ integer, number, sizes }: ModelValues): JsonObject {
  const scalar = sizes.layers === GEMMA3_27B_LAYERS ? sizes.hiddenSize / sizes.heads : sizes.headDim;
  return {
    hidden_activation: 'gelu_pytorch_tanh',
    query_pre_attn_scalar: scalar,
    sliding_window: integer('attention.sliding_window'),
    sliding_window_pattern: integer('attention.sliding_window_pattern') ?? 6,
    rope_local_base_freq: number('rope.freq_base_swa') ?? 10_000,
    attn_logit_softcapping: number('attn_logit_softcapping'),
    final_logit_softcapping: number('final_logit_softcapping'),
  };
}

/** undefined for one that is not known here. */
export function architectureNamed(name: string): Architecture | undefined {
  return Object.hasOwn(architectures, name) ? architectures[name] : undefined;
}

export const architectureNames: readonly string[] = Object.keys(architectures);

const GLOBAL_NAMES: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

/** The name of a tensor in Hugging Face's checkpoints; its own where there is none, so that nothing takes it unseen. */
export function tensorName({ layer }: Architecture, name: string): string {
  const [, number, part, end] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (part !== undefined && Object.hasOwn(layer, part)) return `model.layers.${number}.${layer[part]}.${end}`;
  const [, stem] = /^(\w+)\.weight$/.exec(name) ?? [];
  return stem !== undefined && Object.hasOwn(GLOBAL_NAMES, stem) ? `${GLOBAL_NAMES[stem]}.weight` : name;
}
