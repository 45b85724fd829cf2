/**
 * The Llama graph, as the reference exporter writes it: prefill over a padded prompt, decode of one token over a cache.
 * Shapes: L rows (prefill length, or 1), H heads, K kv heads, D head_dim, C hidden_size.
 */
import { TensorType } from '../circle/index.ts';
import type { Module, Value } from '../ir/graph.ts';
import { GraphBuilder } from './builder.ts';
import type { ModelConfig } from './config.ts';
import { inverseFrequencies, ropeTables } from './rope.ts';
import type { Weights } from './safetensors.ts';

const LLAMA = 'transformers.models.llama.modeling_llama';
const NORM = `${LLAMA}.LlamaRMSNorm`;
const ATTENTION = `${LLAMA}.LlamaAttention`;
/** The most negative float32: what the reference adds to hide a column. */
const HIDDEN = -3.4028234663852886e38;

export interface Hf {
  config: ModelConfig;
  weights: Weights;
}

/** What attention needs beside the hidden state. */
interface Surroundings {
  rows: number;
  cos: Value;
  sin: Value;
  mask: Value;
  /** Decode: the caches of each layer. */
  caches: { key: Value; value: Value }[] | null;
  /** Decode: gives the row tables their head axis, and takes the mask's columns, in every layer. */
  perLayer: boolean;
}

/** Inputs input_ids [1, length] …; outputs logits [1, length, V], all keys, all values [1, K, length, D]. */
export function buildPrefill({ config, weights }: Hf, length: number): Module {
  const model = new LlamaBuilder(config, weights);
  const b = model.builder;
  const ids = b.input('input_ids', TensorType.INT64, [1, length]);
  b.input('use_cache', TensorType.BOOL, []);
  b.input('return_dict', TensorType.BOOL, []);
  b.input('logits_to_keep', TensorType.INT64, []);
  const tables = ropeTables(inverseFrequencies(config.rope, config.headDim), length);
  const shape = [1, 1, length, config.headDim];
  const mask = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? HIDDEN : 0,
  );
  model.build(ids, {
    rows: length,
    cos: b.floats(`${ATTENTION}::cos`, shape, tables.cos),
    sin: b.floats(`${ATTENTION}::sin`, shape, tables.sin),
    mask: b.floats(`${ATTENTION}::mask`, [1, 1, length, length], mask),
    caches: null,
    perLayer: false,
  });
  return b.module;
}

/** One token over caches of cacheLength − 2 rows, with a mask of cacheLength columns. */
export function buildDecode({ config, weights }: Hf, cacheLength: number): Module {
  const model = new LlamaBuilder(config, weights);
  const b = model.builder;
  const ids = b.input('input_ids', TensorType.INT64, [1, 1]);
  const shape = [1, config.kvHeads, cacheLength - 2, config.headDim];
  const cacheInputs = (kind: string) =>
    Array.from({ length: config.layers }, (_, i) =>
      b.input(`past_key_values_${kind}_cache_${i}`, TensorType.FLOAT32, shape),
    );
  const keys = cacheInputs('key');
  const values = cacheInputs('value');
  b.input('use_cache', TensorType.BOOL, []);
  b.input('return_dict', TensorType.BOOL, []);
  const position = b.input('cache_position', TensorType.INT64, [1]);
  b.input('logits_to_keep', TensorType.INT64, []);
  const caches = keys.map((key, i) => ({ key, value: values[i]! }));
  model.build(ids, { rows: 1, caches, perLayer: true, ...positionRows(b, config, position, cacheLength) });
  return b.module;
}

/** cos and sin [1, 1, D] and the mask [1, columns] of one position. */
function positionRows(b: GraphBuilder, config: ModelConfig, position: Value, columns: number) {
  const rotary = `${LLAMA}.LlamaRotaryEmbedding`;
  const causal = `${LLAMA}.LlamaModel`;
  const at = b.reshape(position, [1, 1, 1], `${rotary}::reshape`);
  const row = b.reshape(position, [1, 1], `${causal}::reshape`);
  const numbers = new Uint8Array(BigInt64Array.from({ length: columns }, (_, i) => BigInt(i)).buffer);
  const columnNumbers = b.constant(`${causal}::columns`, [columns], numbers, TensorType.INT64);
  const later = b.cast(b.greater(columnNumbers, row, `${causal}::gt`), `${causal}::_to_copy`);
  const fill = b.floats(`${causal}::fill`, [1, columns], new Float32Array(columns).fill(HIDDEN));
  const mask = b.mul(fill, later, `${causal}::mul`);
  const causalLm = `${LLAMA}.LlamaForCausalLM`;
  const frequencies = inverseFrequencies(config.rope, config.headDim);
  const inverse = b.floats(`${causalLm}::inv_freq`, [1, frequencies.length, 1], frequencies);
  const angles = b.batchMatmul(inverse, b.cast(at, `${rotary}::_to_copy`), `${causalLm}::bmm`);
  const half = b.transpose(angles, [0, 2, 1], `${causalLm}::permute`);
  const both = b.concat(half, half, -1, `${causalLm}::cat`);
  const [cos, sin] = [b.cos(both, `${causalLm}::cos`), b.sin(both, `${causalLm}::sin`)];
  return {
    mask,
    cos: b.mul(cos, b.scalar(1), `${rotary}::mul`),
    sin: b.mul(sin, b.scalar(1), `${rotary}::mul`),
  };
}

class LlamaBuilder {
  readonly builder = new GraphBuilder();
  private readonly config: ModelConfig;
  private readonly weights: Weights;
  private readonly loaded = new Map<string, Value>();

  constructor(config: ModelConfig, weights: Weights) {
    this.config = config;
    this.weights = weights;
  }

  build(ids: Value, around: Surroundings): void {
    const { builder: b, config } = this;
    const { hiddenSize, vocabSize } = config;
    const embedding = this.weight('model.embed_tokens.weight', [vocabSize, hiddenSize]);
    let hidden = b.gather(embedding, ids, 'torch.nn.modules.sparse.Embedding::embedding');
    const keys: Value[] = [];
    const values: Value[] = [];
    for (let layer = 0; layer < config.layers; layer++) {
      const name = `model.layers.${layer}`;
      const attention = this.attention(this.norm(hidden, `${name}.input_layernorm`), layer, around);
      keys.push(attention.key);
      values.push(attention.value);
      hidden = b.add(hidden, attention.output, `${LLAMA}.LlamaDecoderLayer::add`);
      const fed = this.mlp(this.norm(hidden, `${name}.post_attention_layernorm`), name);
      hidden = b.add(hidden, fed, `${LLAMA}.LlamaDecoderLayer::add`);
    }
    const head = config.tieWordEmbeddings
      ? embedding
      : this.weight('lm_head.weight', [vocabSize, hiddenSize]);
    const logits = b.linear(this.norm(hidden, 'model.norm'), head, null);
    b.graph.outputs.push(logits, ...keys, ...values);
  }

  private weight(name: string, shape: readonly number[]): Value {
    let value = this.loaded.get(name);
    if (!value) {
      value = this.builder.constant(
        `tico::p_${name.replaceAll('.', '_')}`,
        shape,
        this.weights.float32(name, shape),
      );
      this.loaded.set(name, value);
    }
    return value;
  }

  /** weight · (x · rsqrt(mean(x²) + ε)) */
  private norm(x: Value, name: string): Value {
    const b = this.builder;
    const mean = b.mean(b.mul(x, x, `${NORM}::mul_tensor`), `${NORM}::mean`);
    const root = b.rsqrt(b.add(mean, b.scalar(this.config.rmsNormEps), `${NORM}::add`), `${NORM}::rsqrt`);
    const normed = b.mul(x, root, `${NORM}::mul`);
    return b.mul(this.weight(`${name}.weight`, [this.config.hiddenSize]), normed, `${NORM}::mul`);
  }

  private linear(x: Value, name: string, outputs: number, hasBias: boolean): Value {
    const weight = this.weight(`${name}.weight`, [outputs, x.shape.at(-1)!]);
    return this.builder.linear(x, weight, hasBias ? this.weight(`${name}.bias`, [outputs]) : null);
  }

  /** down(silu(gate(x)) · up(x)) */
  private mlp(x: Value, layer: string): Value {
    const b = this.builder;
    const { intermediateSize, hiddenSize, mlpBias } = this.config;
    const gate = this.linear(x, `${layer}.mlp.gate_proj`, intermediateSize, mlpBias);
    const silu = 'torch.nn.modules.activation.SiLU';
    const activated = b.mul(gate, b.logistic(gate, `${silu}::sigmoid`), `${silu}::mul`);
    const up = this.linear(x, `${layer}.mlp.up_proj`, intermediateSize, mlpBias);
    const product = b.mul(activated, up, `${LLAMA}.LlamaMLP::mul`);
    return this.linear(product, `${layer}.mlp.down_proj`, hiddenSize, mlpBias);
  }

  private attention(
    x: Value,
    layer: number,
    around: Surroundings,
  ): { output: Value; key: Value; value: Value } {
    const { builder: b, config } = this;
    const { heads, kvHeads, headDim, hiddenSize, attentionBias } = config;
    const { rows } = around;
    const name = `model.layers.${layer}.self_attn`;
    // [1, L, n·D] → [1, n, L, D]
    const project = (part: string, n: number) => {
      const flat = this.linear(x, `${name}.${part}_proj`, n * headDim, attentionBias);
      const split = b.reshape(flat, [1, rows, n, headDim], `${ATTENTION}::reshape`);
      return b.transpose(split, [0, 2, 1, 3], `${ATTENTION}::permute`);
    };
    const [q, k, v] = [project('q', heads), project('k', kvHeads), project('v', kvHeads)];
    const row = (table: Value) =>
      around.perLayer ? b.reshape(table, [1, 1, 1, headDim], `${ATTENTION}::reshape`) : table;
    const [cos, sin] = [row(around.cos), row(around.sin)];
    const [query, newKey] = [this.rotate(q, cos, sin), this.rotate(k, cos, sin)];
    const cache = around.caches?.[layer];
    const key = cache ? b.concat(cache.key, newKey, -2, `${ATTENTION}::cat`) : newKey;
    const value = cache ? b.concat(cache.value, v, -2, `${ATTENTION}::cat`) : v;
    const columns = key.shape[2]!;
    const [allKeys, allValues] = [this.repeat(key, 4), this.repeat(value, 3)];
    const mask = this.maskColumns(around, columns);
    const scale = b.mul(query, b.scalar(headDim ** -0.25), `${ATTENTION}::mul`);
    const turned = b.transpose(allKeys, [0, 1, 3, 2], `${ATTENTION}::permute`);
    const scaledKeys = b.mul(turned, b.scalar(headDim ** -0.25), `${ATTENTION}::mul`);
    const lhs = b.reshape(scale, [heads, rows, headDim], `${ATTENTION}::reshape`);
    const rhs = b.reshape(scaledKeys, [heads, headDim, columns], `${ATTENTION}::reshape`);
    const product = b.batchMatmul(lhs, rhs, `${ATTENTION}::bmm`);
    const scores = b.reshape(product, [1, heads, rows, columns], `${ATTENTION}::reshape`);
    const masked = b.add(scores, mask, `${ATTENTION}::add`);
    const probabilities = b.softmax(masked, `${ATTENTION}::_safe_softmax`);
    const flat = b.reshape(probabilities, [heads, rows, columns], `${ATTENTION}::reshape`);
    const flatValues =
      allValues.shape.length === 3
        ? allValues
        : b.reshape(allValues, [heads, columns, headDim], `${ATTENTION}::reshape`);
    const context = b.batchMatmul(flat, flatValues, `${ATTENTION}::bmm`);
    const perHead = b.reshape(context, [1, heads, rows, headDim], `${ATTENTION}::reshape`);
    const perRow = b.transpose(perHead, [0, 2, 1, 3], `${ATTENTION}::permute`);
    const joined = b.reshape(perRow, [1, rows, heads * headDim], `${ATTENTION}::reshape`);
    return { output: this.linear(joined, `${name}.o_proj`, hiddenSize, attentionBias), key, value };
  }

  /** x · cos + (−x[D/2:], x[:D/2]) · sin */
  private rotate(x: Value, cos: Value, sin: Value): Value {
    const b = this.builder;
    const { headDim } = this.config;
    const straight = b.mul(x, cos, `${ATTENTION}::mul`);
    const low = b.sliceLast(x, 0, headDim / 2, `${ATTENTION}::slice`);
    const high = b.sliceLast(x, headDim / 2, headDim, `${ATTENTION}::slice`);
    const turned = b.concat(b.neg(high, `${ATTENTION}::neg`), low, -1, `${ATTENTION}::cat`);
    return b.add(straight, b.mul(turned, sin, `${ATTENTION}::mul`), `${ATTENTION}::add`);
  }

  /** [1, K, n, D] → [1, H, n, D] (rank 4) or [H, n, D] (rank 3): each kv head for the query heads that share it. */
  private repeat(x: Value, rank: 3 | 4): Value {
    const { builder: b } = this;
    const { heads, kvHeads, headDim } = this.config;
    if (heads === kvHeads) return x;
    const n = x.shape[2]!;
    const apart = b.reshape(x, [1, kvHeads, 1, n, headDim], `${ATTENTION}::reshape`);
    const repeated = b.broadcastTo(apart, [1, kvHeads, heads / kvHeads, n, headDim], `${ATTENTION}::expand`);
    const shape = [heads, n, headDim];
    return b.reshape(repeated, rank === 4 ? [1, ...shape] : shape, `${ATTENTION}::reshape`);
  }

  private maskColumns({ mask, perLayer }: Surroundings, columns: number): Value {
    if (!perLayer) return mask;
    const b = this.builder;
    const whole = b.reshape(mask, [1, 1, 1, mask.shape[1]!], `${ATTENTION}::reshape`);
    return b.sliceLast(whole, 0, columns, `${ATTENTION}::slice`);
  }
}
