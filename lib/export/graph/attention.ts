/** One attention block. Shapes: L rows, S columns (L, or cached rows + 1), H heads, K kv heads, D head_dim. */
import type { Value } from '../../ir/graph/index.ts';
import type { Recipe } from '../families/index.ts';
import { linear } from './linear.ts';
import { rmsNorm } from './norm.ts';
import { type RopeRows, rotate } from './rope.ts';
import type { Scope } from './scope.ts';

/** What the block reads besides the hidden state. */
export interface AttentionInputs {
  /** Functions, because decode adds a reshape of its own in every layer: tables [1, 1, L, D], mask [1, 1, L, S]. */
  rope: () => RopeRows | null;
  mask: (columns: number) => Value;
  /** Decode: [1, K, cached rows, D]. */
  cache: { key: Value; value: Value } | null;
}

/** x [1, L, hidden] → output [1, L, hidden]; key and value [1, K, S, D] as graph outputs. */
export function attention(
  scope: Scope,
  x: Value,
  name: string,
  { rope, mask, cache }: AttentionInputs,
): { output: Value; key: Value; value: Value } {
  const { builder: b, config, owners } = scope;
  const { heads, kvHeads, hiddenSize, recipe } = config;
  const owner = owners.attention;
  const q = splitHeads(scope, x, `${name}.q`, heads, recipe.qkNorm);
  const k = splitHeads(scope, x, `${name}.k`, kvHeads, recipe.qkNorm);
  const v = splitHeads(scope, x, `${name}.v`, kvHeads, null);
  const tables = rope();
  const query = tables ? rotate(scope, q, tables) : q;
  const newKey = tables ? rotate(scope, k, tables) : k;
  const key = cache ? b.concat(cache.key, newKey, -2, `${owner}::cat`) : newKey;
  const value = cache ? b.concat(cache.value, v, -2, `${owner}::cat`) : v;
  const context = attend(scope, query, key, value, mask);
  return { output: linear(scope, context, `${name}.o_proj`, hiddenSize, recipe.outputBias), key, value };
}

/** A projection, split into heads: [1, L, hidden] → [1, n, L, D]. */
function splitHeads(scope: Scope, x: Value, name: string, n: number, norm: Recipe['qkNorm']): Value {
  const { builder: b, config, owners } = scope;
  const flat = linear(scope, x, `${name}_proj`, n * config.headDim, config.recipe.qkvBias);
  const whole = norm === 'whole' ? rmsNorm(scope, flat, `${name}_norm`) : flat;
  const split = b.reshape(whole, [1, x.shape[1]!, n, config.headDim], `${owners.attention}::reshape_default`);
  const normed = norm === 'head' ? rmsNorm(scope, split, `${name}_norm`) : split;
  return b.transpose(normed, [0, 2, 1, 3], `${owners.attention}::permute`);
}

/**
 * softmax(q·kᵀ · scale + mask) · v → [1, L, H·D]. q and k are each multiplied by the root of the scale, as
 * scaled_dot_product_attention does.
 */
function attend(
  scope: Scope,
  query: Value,
  key: Value,
  value: Value,
  mask: (columns: number) => Value,
): Value {
  const { builder: b, config, owners } = scope;
  const { heads, kvHeads, headDim, recipe } = config;
  const factor = recipe.scale === null ? headDim ** -0.25 : Math.sqrt(recipe.scale);
  const owner = owners.attention;
  const reshape = `${owner}::reshape_default`;
  const [rows, columns] = [query.shape[2]!, key.shape[2]!];
  const isGrouped = heads !== kvHeads;
  const allKeys = isGrouped ? repeat(scope, key, [1, heads, columns, headDim]) : key;
  const allValues = isGrouped ? repeat(scope, value, [heads, columns, headDim]) : value;
  const bias = mask(columns);
  const scaledQuery = b.mul(query, b.scalar(factor), `${owner}::mul`);
  const turnedKeys = b.transpose(allKeys, [0, 1, 3, 2], `${owner}::permute`);
  const scaledKeys = b.mul(turnedKeys, b.scalar(factor), `${owner}::mul`);
  const left = b.reshape(scaledQuery, [heads, rows, headDim], reshape);
  const right = b.reshape(scaledKeys, [heads, headDim, columns], reshape);
  const scores = b.reshape(b.batchMatmul(left, right, `${owner}::bmm`), [1, heads, rows, columns], reshape);
  const probabilities = b.softmax(b.add(scores, bias, `${owner}::add`), `${owner}::_safe_softmax`);
  const flat = b.reshape(probabilities, [heads, rows, columns], reshape);
  const flatValues = isGrouped ? allValues : b.reshape(allValues, [heads, columns, headDim], reshape);
  const context = b.batchMatmul(flat, flatValues, `${owner}::bmm`);
  const perHead = b.reshape(context, [1, heads, rows, headDim], reshape);
  // The exporter numbered two more transposes here, which its simplification removed, as they cancel out.
  b.skipNumbers('permute', 2);
  const perRow = b.transpose(perHead, [0, 2, 1, 3], `${owner}::permute`);
  return b.reshape(perRow, [1, rows, heads * headDim], reshape);
}

/** Each kv head for the query heads that share it: [1, K, n, D] → [1, K, H/K, n, D] → shape. */
function repeat({ builder: b, config, owners }: Scope, x: Value, shape: readonly number[]): Value {
  const { heads, kvHeads, headDim } = config;
  const n = x.shape[2]!;
  const reshape = `${owners.attention}::reshape_default`;
  const apart = b.reshape(x, [1, kvHeads, 1, n, headDim], reshape);
  const wide = b.broadcastTo(apart, [1, kvHeads, heads / kvHeads, n, headDim], `${owners.attention}::expand`);
  return b.reshape(wide, shape, reshape);
}
