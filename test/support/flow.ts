/** A whole generation through a two-signature model by the reference interpreter, as golden/numeric/<model>/flow has it. */

import { evaluate, type Tensor } from '../../lib/ir/evaluate/index.ts';
import type { Graph, Module, Value } from '../../lib/ir/graph/index.ts';
import { inputRoles } from '../../lib/ir/graph/index.ts';
import type { Flow } from './goldens.ts';
import { tensorFor } from './goldens.ts';

export interface FlowResult {
  /** [32, vocabulary] */
  prefillLogits: Float32Array;
  /** [layers, kv_heads, 32, head_dim] as prefill gives them. */
  prefillKeys: Float32Array;
  prefillValues: Float32Array;
  /** [layers, 32, kv_heads, head_dim] after the first decode step. */
  firstKeys: Float32Array;
  firstValues: Float32Array;
  /** [steps, vocabulary] */
  decodeLogits: Float32Array;
}

/** Prefill of the padded prompt, then one decode step for each generated id that still fits. */
export function runFlow(module: Module, flow: Flow): FlowResult {
  const [prefill, decode] = ['prefill', 'decode'].map((key) => graphOf(module, key)) as [Graph, Graph];
  const ids = inputRoles(prefill).tokens!;
  const filled = evaluate(prefill, new Map([[ids, tensorFor(ids, flow.prefill_input)]]));
  const [logits, ...rows] = prefill.outputs.map((output) => filled.get(output)!);
  const layers = rows.length / 2;
  const { tokens, position, caches } = inputRoles(decode);
  let state = rows.map(rowsFirst);
  const first: Float32Array[] = [];
  const steps: Float32Array[] = [];
  const prompt = flow.prompt_ids.length;
  for (let step = 0; prompt + step < flow.prefill_input.length; step++) {
    const inputs = new Map<Value, Tensor>([
      [tokens!, tensorFor(tokens!, [flow.generated[step]!])],
      [position!, tensorFor(position!, [prompt + step])],
      ...caches.map((cache, i) => [cache, tensorFor(cache, state[i]!)] as const),
    ]);
    const results = evaluate(decode, inputs);
    state = caches.map((cache) => results.get(cache)!.data as Float32Array);
    if (step === 0) first.push(...state);
    steps.push(results.get(decode.outputs[0]!)!.data as Float32Array);
  }
  const floats = rows.map(({ data }) => data as Float32Array);
  return {
    prefillLogits: logits!.data as Float32Array,
    prefillKeys: joined(floats.slice(0, layers)),
    prefillValues: joined(floats.slice(layers)),
    firstKeys: joined(first.slice(0, layers)),
    firstValues: joined(first.slice(layers)),
    decodeLogits: joined(steps),
  };
}

function graphOf(module: Module, key: string): Graph {
  const found = module.signatures?.find((signature) => signature.key === key)?.graph;
  if (!found) throw new Error(`no signature ${key}`);
  return found;
}

/** [1, kv_heads, rows, head_dim] → [1, rows, kv_heads, head_dim] */
function rowsFirst({ data, shape }: Tensor): Float32Array {
  const [, heads, rows, width] = shape as [number, number, number, number];
  return transposeRows(data as Float32Array, heads, rows, width, rows);
}

/** [heads, rows, width] → [capacity, heads, width], rows beyond the given ones zero. */
export function transposeRows(
  list: ArrayLike<number>,
  heads: number,
  rows: number,
  width: number,
  capacity: number,
): Float32Array {
  const out = new Float32Array(capacity * heads * width);
  for (let h = 0; h < heads; h++)
    for (let r = 0; r < rows; r++)
      for (let d = 0; d < width; d++) out[(r * heads + h) * width + d] = list[(h * rows + r) * width + d]!;
  return out;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
