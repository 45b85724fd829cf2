/** The ATTENTION operator: projections, RoPE by halves, cache append and masked attention of one token. */
import { elementCount } from '../graph/index.ts';
import { fullyConnected } from './products.ts';
import { softmaxRow } from './reduce.ts';
import { shapeError } from './shape-rules.ts';
import { type FloatData, floats, floatTensor, numbers, type Precision, type Tensor } from './tensor.ts';

export interface AttentionInputs {
  /** [1, 1, hidden_size] */
  hidden: Tensor;
  /** [heads · head_dim, hidden_size], twice [kv_heads · head_dim, hidden_size], [hidden_size, heads · head_dim] */
  wq: Tensor;
  wk: Tensor;
  wv: Tensor;
  wo: Tensor;
  /** [1, 1, head_dim] */
  cos: Tensor;
  sin: Tensor;
  /** [..., rows] */
  mask: Tensor;
  /** [1, rows, kv_heads, head_dim] */
  keyCache: Tensor;
  valueCache: Tensor;
  /** One integer: the row that this token becomes. */
  position: Tensor;
}

export interface AttentionResult {
  /** [1, 1, hidden_size] */
  output: Tensor;
  /** The caches with the new row; the input tensors are left as they were. */
  keyCache: Tensor;
  valueCache: Tensor;
}

/** Query head h reads kv head h / (heads / kv_heads); scores are q·k/√head_dim + mask. */
export function attention(inputs: AttentionInputs, precision: Precision): AttentionResult {
  const { hidden, keyCache, valueCache } = inputs;
  const [, rows, kvHeads, headDim] = keyCache.shape as [number, number, number, number];
  const heads = inputs.wq.shape[0]! / headDim;
  const position = numbers(inputs.position)[0]!;
  const mask = floats(inputs.mask);
  check(inputs, position, rows, mask.length);
  const project = (weight: Tensor) => fullyConnected(hidden, weight, null, true, precision);
  const q = rotate(project(inputs.wq), inputs.cos, inputs.sin, headDim, precision);
  const k = rotate(project(inputs.wk), inputs.cos, inputs.sin, headDim, precision);
  const keys = withRow(keyCache, k, position, precision);
  const values = withRow(valueCache, floats(project(inputs.wv)), position, precision);
  const context = floatTensor([1, 1, heads * headDim], precision);
  const rowStride = kvHeads * headDim;
  for (let h = 0; h < heads; h++) {
    const kv = Math.floor(h / (heads / kvHeads)) * headDim;
    const scores = Float64Array.from({ length: rows }, (_, row) => {
      let dot = 0;
      for (let d = 0; d < headDim; d++) dot += q[h * headDim + d]! * keys[row * rowStride + kv + d]!;
      return dot / Math.sqrt(headDim) + mask[row]!;
    });
    const weights = softmaxRow(scores);
    for (let d = 0; d < headDim; d++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += weights[row]! * values[row * rowStride + kv + d]!;
      context.data[h * headDim + d] = sum;
    }
  }
  return {
    output: fullyConnected(context, inputs.wo, null, true, precision),
    keyCache: { ...keyCache, data: keys },
    valueCache: { ...valueCache, data: values },
  };
}

function check(inputs: AttentionInputs, position: number, rows: number, maskWidth: number): void {
  const { hidden, wq, wk, wv, cos, sin, keyCache, valueCache } = inputs;
  const [batch, , kvHeads, headDim] = keyCache.shape;
  if (keyCache.shape.length !== 4 || batch !== 1 || String(valueCache.shape) !== String(keyCache.shape))
    throw shapeError(
      `expected two caches [1, rows, kv_heads, head_dim], got [${keyCache.shape}], [${valueCache.shape}]`,
    );
  const heads = wq.shape[0]! / headDim!;
  const fits = wk.shape[0] === kvHeads! * headDim! && wv.shape[0] === wk.shape[0] && heads % kvHeads! === 0;
  if (!fits || cos.data.length !== headDim || sin.data.length !== headDim)
    throw shapeError(
      `expected projections and cos, sin for ${kvHeads} kv heads of ${headDim}, got wq [${wq.shape}], wk [${wk.shape}], cos [${cos.shape}]`,
    );
  if (elementCount(hidden.shape.slice(0, -1)) !== 1)
    throw shapeError(`expected one token [1, 1, hidden_size], got [${hidden.shape}]`);
  if (maskWidth < rows) throw shapeError(`expected a mask of ${rows} columns, got ${maskWidth}`);
  if (!(position >= 0 && position < rows))
    throw shapeError(`expected a cache position below ${rows}, got ${position}`);
}

/** The ROPE operator in its half-rotation mode: x [..., head_dim], one row each of sin and cos. */
export function rope(x: Tensor, sin: Tensor, cos: Tensor, precision: Precision): Tensor {
  const headDim = x.shape.at(-1) ?? 0;
  if (headDim % 2 || cos.data.length !== headDim || sin.data.length !== headDim)
    throw shapeError(`expected one row of ${headDim} for cos and sin, got [${cos.shape}] and [${sin.shape}]`);
  return { ...x, data: rotate(x, cos, sin, headDim, precision) };
}

/** x·cos + rotate_half(x)·sin on every head. */
function rotate(x: Tensor, cos: Tensor, sin: Tensor, headDim: number, precision: Precision): FloatData {
  const out = floatTensor(x.shape, precision).data;
  const [from, c, s] = [floats(x), floats(cos), floats(sin)];
  const half = headDim / 2;
  for (let i = 0; i < from.length; i++) {
    const d = i % headDim;
    const turned = d < half ? -from[i + half]! : from[i - half]!;
    out[i] = from[i]! * c[d]! + turned * s[d]!;
  }
  return out;
}

function withRow(cache: Tensor, row: FloatData, position: number, precision: Precision): FloatData {
  const copy = floatTensor(cache.shape, precision).data;
  copy.set(floats(cache));
  copy.set(row, position * row.length);
  return copy;
}
