/** RoPE's part of config.json: `rope_theta` + `rope_scaling`, or `rope_parameters`. */

import type { Fields } from '../fields.ts';
import { isObject } from '../json.ts';

export interface Rope {
  theta: number;
  scaling:
    | { type: 'default' }
    | { type: 'linear'; factor: number }
    | {
        type: 'llama3';
        factor: number;
        lowFreqFactor: number;
        highFreqFactor: number;
        originalMaxPositions: number;
      }
    | {
        type: 'yarn';
        factor: number;
        originalMaxPositions: number;
        betaFast: number;
        betaSlow: number;
        attentionFactor: number;
      };
}

const DEFAULT_THETA = 10_000;

/** @throws GgmaError CONFIG, UNSUPPORTED for a rope_type that is not known here */
export function readRope(fields: Fields, theta = DEFAULT_THETA): Rope {
  const name = fields.get('rope_parameters') === undefined ? 'rope_scaling' : 'rope_parameters';
  const parameters = fields.nested(name);
  const ofFile = fields.positive('rope_theta', theta);
  if (!parameters) return { theta: ofFile, scaling: { type: 'default' } };
  // A set of parameters for each kind of layer, as gemma3 has them.
  if (Object.values(parameters.object).some(isObject))
    return fields.unsupported(name, 'one set of parameters');
  return readRopeParameters(parameters, ofFile);
}

/** One set of parameters. @param ofFile rope_theta of the file, for a set without one of its own */
export function readRopeParameters(parameters: Fields, ofFile: number): Rope {
  const theta = parameters.positive('rope_theta', ofFile);
  const partial = parameters.get('partial_rotary_factor');
  if (partial !== undefined && partial !== 1) return parameters.unsupported('partial_rotary_factor', '1');
  // transformers 4 renamed `type` to `rope_type`; some files have both.
  const key = parameters.get('rope_type') === undefined ? 'type' : 'rope_type';
  const type = parameters.get(key) ?? 'default';
  if (type === 'default') return { theta, scaling: { type } };
  if (type === 'linear') return { theta, scaling: { type, factor: parameters.positive('factor') } };
  if (type === 'yarn') return { theta, scaling: readYarn(parameters) };
  if (type !== 'llama3') return parameters.unsupported(key, 'default, linear, llama3 or yarn');
  const scaling = {
    type,
    factor: parameters.positive('factor'),
    lowFreqFactor: parameters.positive('low_freq_factor'),
    highFreqFactor: parameters.positive('high_freq_factor'),
    originalMaxPositions: parameters.positive('original_max_position_embeddings'),
  } as const;
  if (scaling.highFreqFactor <= scaling.lowFreqFactor)
    parameters.fail('high_freq_factor', `more than low_freq_factor ${scaling.lowFreqFactor}`);
  return { theta, scaling };
}

/** YaRN (Peng et al. 2023) with the defaults of transformers. */
function readYarn(parameters: Fields): Rope['scaling'] {
  for (const name of ['mscale', 'mscale_all_dim'])
    if (parameters.get(name) !== undefined) parameters.unsupported(name, 'none');
  if (!parameters.flag('truncate', true)) parameters.unsupported('truncate', 'true');
  const factor = parameters.positive('factor');
  return {
    type: 'yarn',
    factor,
    originalMaxPositions: parameters.positive('original_max_position_embeddings'),
    betaFast: parameters.positive('beta_fast', 32),
    betaSlow: parameters.positive('beta_slow', 1),
    attentionFactor: parameters.positive('attention_factor', factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1),
  };
}
