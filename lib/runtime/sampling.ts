/** How tokens are drawn: what a call says, what the package recommends, and when that counts. */

import { integer, number, type Rule } from './check.ts';
import type { SamplerOptions } from './engine.ts';

export interface SamplingOptions {
  /** From 0, always the most likely token, to 100. Default 0; with topK, topP or minP the package's, or 1. */
  temperature?: number;
  /** Only the K most likely tokens; 0: all. Default: the package's, or 0. */
  topK?: number;
  /** Only the most likely tokens that together have at least this probability. Default: the package's, or 1. */
  topP?: number;
  /** Only tokens with at least this share of the highest probability. Default: the package's, or 0. */
  minP?: number;
  /**
   * Divides the positive logits of tokens that occurred (in the prompt too), multiplies the negative ones; from 0.01
   * to 100. Default: 1, none; where tokens are drawn, the package's.
   */
  repeatPenalty?: number;
  /** Taken off the logits of tokens that were generated; from −100 to 100. Default 0. */
  presencePenalty?: number;
  /** Taken off the logits of tokens that were generated, for each time; from −100 to 100. Default 0. */
  frequencyPenalty?: number;
  /** Added to the logits of these ids; −Infinity bans one. Default: none. */
  logitBias?: Readonly<Record<number, number>> | ReadonlyMap<number, number>;
  /** The same seed draws the same tokens. Default: one by chance, which the completion names. */
  seed?: number;
}

/** What a package's generation_config.json recommends for drawing at random. */
export type SamplingDefaults = Pick<
  SamplingOptions,
  'temperature' | 'topK' | 'topP' | 'minP' | 'repeatPenalty'
>;

const temperature = number(0, 100);
const topK = integer(0, 2 ** 31 - 1);
const fraction = number(0, 1);
const repeatPenalty = number(0.01, 100);
const penalty = number(-100, 100);
const mostSeed = Number.MAX_SAFE_INTEGER;

/** Also for the package's recommendations. */
export const defaultsRules: Record<keyof SamplingDefaults, Rule> = {
  temperature,
  topK,
  topP: fraction,
  minP: fraction,
  repeatPenalty,
};

export function samplingRules(vocabSize: number): Record<keyof SamplingOptions, Rule> {
  const id = integer(0, vocabSize - 1);
  const idAndBias = ([key, bias]: [unknown, unknown]): boolean =>
    id.holds(typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : key) &&
    typeof bias === 'number' &&
    bias < Infinity;
  return {
    ...defaultsRules,
    presencePenalty: penalty,
    frequencyPenalty: penalty,
    logitBias: {
      expects: `an object or Map of ids from 0 to ${vocabSize - 1} and numbers below Infinity`,
      holds: (value) => typeof value === 'object' && value !== null && biasEntries(value).every(idAndBias),
    },
    seed: integer(0, mostSeed),
  };
}

/**
 * The sampler that checked options ask for; null: the most likely token of the bare logits. A call that draws at
 * random gets from the package what it does not say itself; one that does not is not touched by the package.
 */
export function resolveSampling(options: SamplingOptions, defaults: SamplingDefaults): SamplerOptions | null {
  const { logitBias, seed, presencePenalty, frequencyPenalty } = options;
  const filters = ['topK', 'topP', 'minP'] as const;
  const draws =
    options.temperature === undefined
      ? filters.some((name) => options[name] !== undefined)
      : options.temperature > 0;
  const said = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name in defaultsRules && value !== undefined),
  );
  const bias = biasEntries(logitBias ?? {});
  const adjust = {
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(bias.length === 0
      ? {}
      : {
          biasIds: Int32Array.from(bias, ([id]) => Number(id)),
          biasValues: Float32Array.from(bias, ([, value]) => Number(value)),
        }),
  };
  if (draws)
    return {
      temperature: 1,
      ...defaults,
      ...said,
      ...adjust,
      seed: seed ?? Math.floor(Math.random() * mostSeed),
    };
  const { repeatPenalty: repeat = 1 } = options;
  const adjusts =
    repeat !== 1 || (presencePenalty ?? 0) !== 0 || (frequencyPenalty ?? 0) !== 0 || bias.length > 0;
  return adjusts ? { temperature: 0, repeatPenalty: repeat, ...adjust } : null;
}

function biasEntries(bias: object): [unknown, unknown][] {
  return bias instanceof Map ? [...bias] : Object.entries(bias);
}
