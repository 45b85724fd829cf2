import type { Value } from '../../ir/graph/index.ts';
import { attentionFactor, inverseFrequencies, ropeTables } from '../rope.ts';
import type { Rope } from '../rope-config.ts';
import type { Scope } from './scope.ts';

export interface RopeRows {
  cos: Value;
  sin: Value;
}

/** Prefill: constants [1, 1, rows, head_dim] for positions 0 … rows − 1. */
export function ropeConstants({ builder: b, config, owners }: Scope, rope: Rope, rows: number): RopeRows {
  const { cos, sin } = ropeTables(inverseFrequencies(rope, config.headDim), rows, attentionFactor(rope));
  const shape = [1, 1, rows, config.headDim];
  return {
    cos: b.floats(`${owners.attention}::cos_table`, shape, cos),
    sin: b.floats(`${owners.attention}::sin_table`, shape, sin),
  };
}

/** Decode: cos and sin [1, 1, head_dim] of one position, INT64[1, 1, 1]. */
export function ropeOfPosition({ builder: b, config, owners }: Scope, rope: Rope, position: Value): RopeRows {
  const { causalLm, rotary } = owners;
  const frequencies = inverseFrequencies(rope, config.headDim);
  const inverse = b.floats(`${causalLm}::inv_freq`, [1, frequencies.length, 1], frequencies);
  const angles = b.batchMatmul(inverse, b.cast(position, `${rotary}::_to_copy`), `${causalLm}::bmm`);
  const half = b.transpose(angles, [0, 2, 1], `${causalLm}::permute`);
  const both = b.concat(half, half, -1, `${causalLm}::cat`);
  const cos = b.cos(both, `${causalLm}::cos`);
  const sin = b.sin(both, `${causalLm}::sin`);
  // attention_scaling: 1 except for yarn. The reference's graph multiplies in any case, so ours does too.
  const factor = attentionFactor(rope);
  return {
    cos: b.mul(cos, b.scalar(factor), `${rotary}::mul`),
    sin: b.mul(sin, b.scalar(factor), `${rotary}::mul`),
  };
}

/** x · cos + (−x[D/2:], x[:D/2]) · sin, for x [1, heads, rows, D] and tables [1, 1, rows, D]. */
export function rotate({ builder: b, config, owners }: Scope, x: Value, { cos, sin }: RopeRows): Value {
  const { headDim } = config;
  const owner = owners.attention;
  const straight = b.mul(x, cos, `${owner}::mul`);
  const low = b.sliceLast(x, 0, headDim / 2, `${owner}::slice`);
  const high = b.sliceLast(x, headDim / 2, headDim, `${owner}::slice`);
  const turned = b.concat(b.neg(high, `${owner}::neg`), low, -1, `${owner}::cat`);
  return b.add(straight, b.mul(turned, sin, `${owner}::mul`), `${owner}::add`);
}
