/** Which part of the model each step of a program belongs to, as far as the names of its weights tell. */
import { operandsOf, type Step, type Weight } from './program.ts';

export interface StepLabel {
  /** `layers.3`; empty outside of layers. */
  layer: string;
  /** `mlp.down_proj`; empty for a step that reads no weight. */
  part: string;
}

/** Steps without a weight (additions, attention) belong to the layer of the weights before them. */
export function labelsOf(steps: readonly Step[]): StepLabel[] {
  let layer = '';
  return steps.map((step) => {
    const name = nameOf(step);
    if (name === undefined) return { layer, part: '' };
    const label = labelOf(name);
    ({ layer } = label);
    return label;
  });
}

/** The name of a step's first weight: a matrix stands before the bias that is added to it. */
function nameOf(step: Step): string | undefined {
  const weights = operandsOf(step).flatMap(({ kind, value }): Weight[] =>
    (kind === 'matrix' || kind === 'vector?') && value !== null ? [value] : [],
  );
  return weights[0]?.name;
}

/** Words of exporters in front of the names that a checkpoint has: `tico::p_model_layers_3_mlp_down_proj_weight`. */
const PREFIX = /^(.*::)?(p_)?(model[._])*/;
const LAYER = /^(layers|layer|blocks|block|blk|h)[._](\d+)[._]/;
/** Modules that hold others, where underscores stand for the dots between the names. */
const HOLDERS = /^(self_attn|linear_attn|attention|attn|mlp|feed_forward)_(?=.)/;

export function labelOf(name: string): StepLabel {
  const rest = name.replace(PREFIX, '');
  const [head = '', kind, number] = LAYER.exec(rest) ?? [];
  const part = rest
    .slice(head.length)
    .replace(/[._](weight|bias)$/, '')
    .replace(HOLDERS, '$1.');
  return { layer: kind === undefined ? '' : `${kind}.${number}`, part };
}
