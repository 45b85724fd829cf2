import type { Value } from '../../ir/graph/index.ts';
import type { Scope } from './scope.ts';

/** x [..., in] · weight [outputs, in]ᵀ, and a bias [outputs] where the family has one. */
export function linear(scope: Scope, x: Value, name: string, outputs: number, hasBias: boolean): Value {
  const weight = scope.matrix(`${name}.weight`, [outputs, x.shape.at(-1)!]);
  const bias = hasBias ? scope.vector(`${name}.bias`, outputs) : null;
  return scope.builder.linear(x, weight, bias);
}
