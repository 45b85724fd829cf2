/** Attention as instructions: three projections, q/k norms, the kernel over the cache, the output projection. */
import type { AttentionBlock } from '../ir/attention.ts';
import type { Projection } from '../ir/attention-projection.ts';
import type { ProgramBuilder } from './builder.ts';
import { float, type Slot, slot, table, weight, word } from './program.ts';

/** hidden [hidden_size] → [hidden_size]; `window` 0 attends all earlier positions. */
export function lowerAttention(
  builder: ProgramBuilder,
  block: AttentionBlock,
  hidden: Slot,
  window: number,
): Slot {
  const { heads, kvHeads, headDim, rope } = block;
  const q = project(builder, block.q, hidden, heads * headDim);
  const k = project(builder, block.k, hidden, kvHeads * headDim);
  const v = project(builder, block.v, hidden, kvHeads * headDim);
  const cache = builder.blocks.push(block) - 1;
  const context = builder.emit(
    'attention',
    builder.slot(heads * headDim),
    ...[slot(q), slot(k), slot(v)],
    ...[word(cache), word(heads), word(kvHeads), word(headDim)],
    ...[float(block.scale), word(window)],
    table(rope ? builder.table(rope.cos) : null),
    table(rope ? builder.table(rope.sin) : null),
  );
  const { weight: matrix, bias } = block.o;
  return builder.emit(
    'matmul',
    builder.slot(matrix.shape[0]!),
    slot(context),
    weight(builder.matrix(matrix)),
    weight(bias ? builder.vector(bias) : null),
  );
}

function project(builder: ProgramBuilder, projection: Projection, hidden: Slot, width: number): Slot {
  const { weight: matrix, bias, norm } = projection;
  const projected = builder.emit(
    'matmul',
    builder.slot(width),
    slot(hidden),
    weight(builder.matrix(matrix)),
    weight(bias ? builder.vector(bias) : null),
  );
  if (!norm) return projected;
  return builder.emit(
    'rmsNorm',
    builder.slot(width),
    slot(projected),
    weight(norm.weight ? builder.vector(norm.weight) : null),
    float(norm.epsilon),
    word(width / norm.width),
  );
}
