import type { ModelConfig } from '../config.ts';
import { everyLayer, type Family, type Part } from './family.ts';

/** Llama whose checkpoint holds q, k and v in one tensor, and gate and up in another. */
export const phi3: Family = {
  modelType: 'phi3',
  title: 'Phi3',
  understands: ['sliding_window'],
  recipe: (fields, layers) => {
    const window = fields.get('sliding_window') === undefined ? null : fields.integer('sliding_window');
    return { windows: everyLayer(window, layers) };
  },
  partOf: (name, config) =>
    partAmong(name, 'qkv_proj', ['q_proj', 'k_proj', 'v_proj'], sizesOfAttention(config)) ??
    partAmong(
      name,
      'gate_up_proj',
      ['gate_proj', 'up_proj'],
      [config.intermediateSize, config.intermediateSize],
    ),
};

function sizesOfAttention({ heads, kvHeads, headDim }: ModelConfig): number[] {
  return [heads * headDim, kvHeads * headDim, kvHeads * headDim];
}

function partAmong(name: string, whole: string, parts: string[], sizes: number[]): Part | undefined {
  const at = parts.findIndex((part) => name.endsWith(`.${part}.weight`));
  if (at < 0) return undefined;
  const sum = (list: number[]) => list.reduce((n, size) => n + size, 0);
  return { tensor: name.replace(parts[at]!, whole), rows: sum(sizes), begin: sum(sizes.slice(0, at)) };
}
