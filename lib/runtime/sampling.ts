/** How tokens are drawn: what a call says, what the package recommends, and when that counts. */
import { GgmaError } from '../errors.ts';
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

/** How tokens are drawn, as a request holds it: plain JSON, and with a seed wherever something is drawn at random. */
export interface RequestSampling extends Omit<SamplingOptions, 'logitBias'> {
  temperature: number;
  logitBias?: readonly (readonly [id: number, bias: number])[];
}

/**
 * What checked options ask for; null: the most likely token of the bare logits. A call that draws at random gets from
 * the package what it does not say itself; one that does not is not touched by the package.
 * @throws GgmaError OPTION for a seed where nothing is drawn
 */
export function resolveSampling(
  options: SamplingOptions,
  defaults: SamplingDefaults,
): Readonly<RequestSampling> | null {
  const { seed, presencePenalty, frequencyPenalty, temperature } = options;
  const filters = ['topK', 'topP', 'minP'] as const;
  const draws =
    temperature === undefined ? filters.some((name) => options[name] !== undefined) : temperature > 0;
  // Beside an explicit temperature of 0 a seed changes nothing, and programs that always send both mean that.
  if (seed !== undefined && !draws && temperature === undefined)
    throw new GgmaError(
      'OPTION',
      `expected temperature, topK, topP or minP beside seed, got none: without them nothing is drawn at random, and a seed has no effect`,
      { path: 'seed' },
    );
  const said = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name in defaultsRules && value !== undefined),
  );
  const logitBias = biasEntries(options.logitBias ?? {}).map(([id, bias]): [number, number] => [
    Number(id),
    // JSON has no infinity. The engine's float32 makes −Infinity of it again.
    Math.max(Number(bias), -Number.MAX_VALUE),
  ]);
  const adjust = {
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(logitBias.length === 0 ? {} : { logitBias }),
  };
  if (draws)
    return Object.freeze({
      temperature: 1,
      ...defaults,
      ...said,
      ...adjust,
      seed: seed ?? Math.floor(Math.random() * mostSeed),
    });
  const { repeatPenalty = 1 } = options;
  const adjusts =
    repeatPenalty !== 1 ||
    (presencePenalty ?? 0) !== 0 ||
    (frequencyPenalty ?? 0) !== 0 ||
    logitBias.length > 0;
  return adjusts ? Object.freeze({ temperature: 0, repeatPenalty, ...adjust }) : null;
}

/** For the engine. @param promptIds what the penalties count beside the tokens that are drawn */
export function samplerOptions(
  { logitBias, ...sampling }: RequestSampling,
  promptIds: Int32Array,
): SamplerOptions {
  const bias =
    logitBias === undefined
      ? {}
      : {
          biasIds: Int32Array.from(logitBias, ([id]) => id),
          biasValues: Float32Array.from(logitBias, ([, value]) => value),
        };
  return { ...sampling, ...bias, promptIds };
}

function biasEntries(bias: object): [unknown, unknown][] {
  return bias instanceof Map ? [...bias] : Object.entries(bias);
}
