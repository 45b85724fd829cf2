/** Attention as instructions: three projections, q/k norms, the kernel over the cache, the output projection. */
import { GgmaError } from '../errors.ts';
import type { AttentionBlock, Projection } from '../ir/match/index.ts';
import type { ProgramBuilder } from './builder.ts';
import { limits } from './format.ts';
import { expectAtMost, expectEpsilon } from './limits.ts';
import type { Slot } from './program.ts';

/** hidden [hidden_size] → [hidden_size]; `window` 0 attends all earlier positions. */
export function lowerAttention(
  builder: ProgramBuilder,
  block: AttentionBlock,
  hidden: Slot,
  window: number,
): Slot {
  const { heads, kvHeads, headDim, rope, scale } = block;
  expectAtMost(limits.headDim, 'elements of a head', headDim);
  expectAtMost(limits.kvHeads, 'kv heads', kvHeads);
  if (rope && headDim % 2 !== 0)
    throw new GgmaError('PLAN_UNSUPPORTED', `expected an even head_dim for RoPE, got ${headDim}`);
  if (!Number.isFinite(scale))
    throw new GgmaError('PLAN_UNSUPPORTED', `expected a finite scale of attention, got ${scale}`);
  // The products first, one behind the other: native code runs them as one.
  const products = [block.q, block.k, block.v].map((projection) => project(builder, projection, hidden));
  const [q, k, v] = [block.q, block.k, block.v].map((projection, i) =>
    normalise(builder, projection, products[i]!),
  ) as [Slot, Slot, Slot];
  const cache = builder.blocks.push(block) - 1;
  const context = builder.emit('attention', builder.slot(heads * headDim), {
    q,
    k,
    v,
    cache,
    heads,
    kvHeads,
    headDim,
    scale,
    window,
    cos: rope ? builder.table(rope.cos) : null,
    sin: rope ? builder.table(rope.sin) : null,
  });
  return project(builder, block.o, context);
}

function project(builder: ProgramBuilder, projection: Omit<Projection, 'norm'>, hidden: Slot): Slot {
  const { weight: matrix, bias } = projection;
  return builder.emit('matmul', builder.slot(matrix.shape[0]!), {
    src: hidden,
    weight: builder.matrix(matrix),
    bias: bias ? builder.vector(bias) : null,
  });
}

/** By heads, where the projection has a norm. */
function normalise(builder: ProgramBuilder, { norm }: Projection, projected: Slot): Slot {
  if (!norm) return projected;
  return builder.emit('rmsNorm', builder.slot(projected.width), {
    src: projected,
    weight: norm.weight ? builder.vector(norm.weight) : null,
    eps: expectEpsilon(norm.epsilon),
    groups: projected.width / norm.width,
  });
}
