/** What a generation may be told. */
import { GgmaError } from '../errors.ts';
import { abortSignal, checkOptions, flag, integer, type Rule } from './check.ts';

export interface GenerateOptions {
  /** Tokens to generate at most. Default: what the context has room for. */
  maxTokens?: number;
  /** The text ends before the first of these. */
  stop?: string | readonly string[];
  /** Ids that end a generation, in place of the package's. */
  eosIds?: readonly number[];
  /** Nothing but maxTokens and `stop` ends the generation. Default false. */
  ignoreEos?: boolean;
  /** Put the beginning-of-sequence id in front of a text. Default true. A prompt of ids is taken as it is. */
  addBos?: boolean;
  signal?: AbortSignal;
}

export interface ResolvedOptions {
  maxTokens: number | null;
  stops: readonly string[];
  stopIds: Int32Array;
  addBos: boolean;
  signal: AbortSignal | null;
}

const longestStops = 1_000_000;

const stopRule: Rule = {
  expects: `one or more non-empty, well-formed strings (${longestStops} characters in all)`,
  holds: (value) => {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    let length = 0;
    for (const stop of list) {
      // A lone surrogate can never be in the text, and would break the rule that characters are not cut.
      if (typeof stop !== 'string' || stop === '' || /\p{Surrogate}/u.test(stop)) return false;
      length += stop.length;
    }
    return length <= longestStops;
  },
};

function idList(vocabSize: number): Rule {
  const id = integer(0, vocabSize - 1);
  return {
    expects: `a list of token ids from 0 to ${vocabSize - 1}`,
    holds: (value) => Array.isArray(value) && value.every((one) => id.holds(one)),
  };
}

const greedyOnly = 'this version always takes the most likely token';
const sampling = Object.fromEntries(
  ['temperature', 'topK', 'topP', 'minP', 'repeatPenalty', 'presencePenalty', 'frequencyPenalty', 'logitBias']
    .concat(['seed', 'logprobs', 'topLogprobs'])
    .map((name) => [name, greedyOnly]),
);

/** @throws GgmaError OPTION */
export function resolveOptions(
  options: GenerateOptions,
  model: { vocabSize: number; eosIds: readonly number[]; hasTokenizer: boolean },
): ResolvedOptions {
  const rules: Record<keyof GenerateOptions, Rule> = {
    maxTokens: integer(0, 2 ** 31 - 1),
    stop: stopRule,
    eosIds: idList(model.vocabSize),
    ignoreEos: flag,
    addBos: flag,
    signal: abortSignal,
  };
  checkOptions('generate', options, rules, sampling);
  const {
    maxTokens = null,
    stop = [],
    eosIds = model.eosIds,
    ignoreEos = false,
    addBos = true,
    signal,
  } = options;
  const stops = typeof stop === 'string' ? [stop] : [...stop];
  if (stops.length > 0 && !model.hasTokenizer)
    throw new GgmaError('OPTION', 'expected no stop strings for a package without a tokenizer, got some', {
      path: 'stop',
    });
  return {
    maxTokens,
    stops,
    stopIds: Int32Array.from(ignoreEos ? [] : eosIds),
    addBos,
    signal: signal ?? null,
  };
}
