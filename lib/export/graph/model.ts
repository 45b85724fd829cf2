/** The two graphs of a model, as the reference exporter writes them: prefill of a padded prompt, decode of one token. */
import { TensorType } from '../../circle/index.ts';
import type { Module, Value } from '../../ir/graph/index.ts';
import type { ModelConfig } from '../config.ts';
import type { Weights } from '../weights.ts';
import { type AttentionInputs, attention } from './attention.ts';
import { maskColumns, maskConstant, maskOfPosition, masksOf } from './mask.ts';
import { mlp } from './mlp.ts';
import { rmsNorm } from './norm.ts';
import { type RopeRows, ropeConstants, ropeOfPosition } from './rope.ts';
import { Scope } from './scope.ts';

/** Inputs input_ids [1, length] …; outputs logits [1, length, vocab], all keys, all values [1, K, length, D]. */
export function buildPrefill(config: ModelConfig, weights: Weights, length: number): Module {
  const scope = new Scope(config, weights);
  const b = scope.builder;
  const ids = b.input('input_ids', TensorType.INT64, [1, length]);
  b.input('use_cache', TensorType.BOOL, []);
  b.input('return_dict', TensorType.BOOL, []);
  b.input('logits_to_keep', TensorType.INT64, []);
  // The reference numbered its operators before it folded some of them into constants.
  for (const [stem, n] of [...ALWAYS_FOLDED, ...FOLDED_IN_PREFILL]) b.skipNumbers(stem, n);
  const hidden = embed(scope, ids);
  const tables = config.ropes.map((rope) => ropeConstants(scope, rope, length));
  const masks = masksOf(scope, (window) => maskConstant(scope, length, window));
  layers(scope, hidden, (i) => ({
    rope: () => ropeOf(config, tables, i),
    mask: () => masks.get(config.recipe.windows[i]!)!,
    cache: null,
  }));
  return b.module;
}

/** One token over caches of cacheLength − 2 rows, with a mask of cacheLength columns. */
export function buildDecode(config: ModelConfig, weights: Weights, cacheLength: number): Module {
  const scope = new Scope(config, weights);
  const { builder: b, owners } = scope;
  const ids = b.input('input_ids', TensorType.INT64, [1, 1]);
  const shape = [1, config.kvHeads, cacheLength - 2, config.headDim];
  const caches = (kind: string) =>
    Array.from({ length: config.layers }, (_, i) =>
      b.input(`past_key_values_${kind}_cache_${i}`, TensorType.FLOAT32, shape),
    );
  const [keys, values] = [caches('key'), caches('value')];
  b.input('use_cache', TensorType.BOOL, []);
  b.input('return_dict', TensorType.BOOL, []);
  const position = b.input('cache_position', TensorType.INT64, [1]);
  b.input('logits_to_keep', TensorType.INT64, []);
  for (const [stem, n] of ALWAYS_FOLDED) b.skipNumbers(stem, n);
  const hidden = embed(scope, ids);
  const ropePosition = b.reshape(position, [1, 1, 1], `${owners.rotary}::reshape_default`);
  const maskPosition = b.reshape(position, [1, 1], `${owners.model}::reshape_default`);
  const columns = maskColumns(scope, cacheLength);
  const masks = masksOf(scope, (window) => maskOfPosition(scope, columns, maskPosition, window));
  const tables = config.ropes.map((rope) => ropeOfPosition(scope, rope, ropePosition));
  const reshape = `${owners.attention}::reshape_default`;
  const row = (table: Value) => b.reshape(table, [1, 1, 1, config.headDim], reshape);
  layers(scope, hidden, (i) => ({
    rope: () => {
      const rope = ropeOf(config, tables, i);
      return rope && { cos: row(rope.cos), sin: row(rope.sin) };
    },
    mask: (count) => {
      const whole = b.reshape(masks.get(config.recipe.windows[i]!)!, [1, 1, 1, cacheLength], reshape);
      b.skipNumbers('slice', 1);
      return b.sliceLast(whole, 0, count, `${owners.attention}::slice`);
    },
    cache: { key: keys[i]!, value: values[i]! },
  }));
  return b.module;
}

/**
 * How many operators of a stem the reference exporter's own simplification removed before the first that is left;
 * found by looking at its files. Only names depend on these numbers.
 */
const ALWAYS_FOLDED = [
  ['slice', 1],
  ['expand', 4],
] as const;
const FOLDED_IN_PREFILL = [
  ['mul', 3],
  ['permute', 1],
  ['cat', 1],
  ['bmm', 1],
] as const;

/** The cos and sin of a layer, or null. */
function ropeOf({ recipe }: ModelConfig, tables: readonly RopeRows[], layer: number): RopeRows | null {
  const rope = recipe.ropes[layer] ?? null;
  return rope === null ? null : tables[rope]!;
}

/** [1, rows] ids → [1, rows, hidden] */
function embed(scope: Scope, ids: Value): Value {
  const owner = 'torch.nn.modules.sparse.Embedding';
  const rows = scope.builder.gather(embedding(scope), ids, `${owner}::embedding`);
  return times(scope, rows, scope.config.recipe.embeddingScale, owner);
}

/** x · factor; no operator for a factor of 1. */
function times({ builder: b }: Scope, x: Value, factor: number, owner: string): Value {
  return factor === 1 ? x : b.mul(x, b.scalar(factor), `${owner}::mul`);
}

function embedding(scope: Scope): Value {
  const { vocabSize, hiddenSize } = scope.config;
  return scope.matrix('model.embed_tokens.weight', [vocabSize, hiddenSize]);
}

/** The layers, the last norm and the head; sets the graph's outputs. */
function layers(scope: Scope, embedded: Value, inputs: (layer: number) => AttentionInputs): void {
  const { builder: b, config, owners } = scope;
  const { norms, residualScale, logitsDivisor } = config.recipe;
  const [keys, values]: [Value[], Value[]] = [[], []];
  const norm = (x: Value, layer: string, name: string | null) =>
    name === null ? x : rmsNorm(scope, x, `${layer}.${name}`);
  const plus = (hidden: Value, change: Value) =>
    b.add(hidden, times(scope, change, residualScale, owners.layer), `${owners.layer}::add`);
  let hidden = embedded;
  for (let i = 0; i < config.layers; i++) {
    const name = `model.layers.${i}`;
    const normed = norm(hidden, name, norms.beforeAttention);
    const { output, key, value } = attention(scope, normed, `${name}.self_attn`, inputs(i));
    keys.push(key);
    values.push(value);
    hidden = plus(hidden, norm(output, name, norms.afterAttention));
    const fed = mlp(scope, norm(hidden, name, norms.beforeMlp), name);
    hidden = plus(hidden, norm(fed, name, norms.afterMlp));
  }
  const normed = rmsNorm(scope, hidden, 'model.norm');
  const head = config.tieWordEmbeddings
    ? embedding(scope)
    : scope.matrix('lm_head.weight', [config.vocabSize, config.hiddenSize]);
  const logits = b.linear(normed, head, null);
  const scaled = logitsDivisor === 1 ? logits : b.divide(logits, logitsDivisor, `${owners.causalLm}::div`);
  b.graph.outputs.push(scaled, ...keys, ...values);
  scope.warnUnused();
}
