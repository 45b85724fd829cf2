import type { Value } from '../../ir/graph/index.ts';
import { linear } from './linear.ts';
import type { Scope } from './scope.ts';

const GELU = 'torch.nn.modules.activation.GELU';
const SILU = 'torch.nn.modules.activation.SiLU';

/** down(activation(gate(x)) · up(x)), x [1, rows, hidden] */
export function mlp(scope: Scope, x: Value, layer: string): Value {
  const { builder: b, config, owners } = scope;
  const { intermediateSize, hiddenSize, recipe } = config;
  const gate = linear(scope, x, `${layer}.mlp.gate_proj`, intermediateSize, recipe.mlpBias);
  const activated =
    recipe.activation === 'silu'
      ? b.mul(gate, b.logistic(gate, `${SILU}::sigmoid`), `${SILU}::mul`)
      : b.geluTanh(gate, `${GELU}::gelu`);
  const up = linear(scope, x, `${layer}.mlp.up_proj`, intermediateSize, recipe.mlpBias);
  const product = b.mul(activated, up, `${owners.mlp}::mul`);
  return linear(scope, product, `${layer}.mlp.down_proj`, hiddenSize, recipe.mlpBias);
}
