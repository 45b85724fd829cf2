import type { Value } from '../../ir/graph/index.ts';
import type { Scope } from './scope.ts';

/** RMS norm over the last axis: weight · (x · rsqrt(mean(x²) + ε)), or 1 + weight. */
export function rmsNorm(scope: Scope, x: Value, name: string): Value {
  const b = scope.builder;
  const owner = scope.owners.norm;
  const mean = b.mean(b.mul(x, x, `${owner}::mul_tensor`), `${owner}::mean`);
  const root = b.rsqrt(b.add(mean, b.scalar(scope.config.rmsNormEps), `${owner}::add`), `${owner}::rsqrt`);
  const normed = b.mul(x, root, `${owner}::mul`);
  return b.mul(scope.normWeight(`${name}.weight`, x.shape.at(-1)!), normed, `${owner}::mul`);
}
