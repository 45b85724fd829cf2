/** Running the attention block of attention-block.ts, open or fused. */
import { evaluate, type Tensor } from '../../lib/ir/evaluate/index.ts';
import type { Value } from '../../lib/ir/graph/index.ts';
import { BLOCK_POSITION } from './attention-block.ts';
import { transposeRows } from './flow.ts';
import { tensorFor } from './goldens.ts';
import { randomFloats, seeded } from './mutate.ts';
import { apply } from './passes.ts';
import type { TextGraph } from './text-graph.ts';

/** Fuses the block and declares its caches as ATTENTION wants them; false when the filter refuses. */
export function fuseBlock(block: TextGraph): boolean {
  if (apply(block.module, 'fuse.attention').changed === 0) return false;
  apply(block.module, 'reshape.io', 'input', '--by_shape', '[1,2,3,4]', '[1,2,4,4]');
  apply(block.module, 'transpose.io.kvcache');
  return true;
}

/** The logits for a random token over random caches, at the position where the open block is exact. */
export function blockLogits({ graph, value }: TextGraph, seed: number, isFused: boolean): Float32Array {
  const random = seeded(seed);
  const caches = ['past_k', 'past_v'].map((name) => {
    const floats = randomFloats(24, random);
    return [
      value(name),
      tensorFor(value(name), isFused ? transposeRows(floats, 2, 3, 4, 4) : floats),
    ] as const;
  });
  const inputs = new Map<Value, Tensor>([
    [value('ids'), tensorFor(value('ids'), [Math.floor(10 * random())])],
    [value('cache_position'), tensorFor(value('cache_position'), [BLOCK_POSITION])],
    ...caches,
  ]);
  return evaluate(graph, inputs, { outputs: [value('logits')] }).get(value('logits'))!.data as Float32Array;
}
