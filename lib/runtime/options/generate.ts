/** What a generation and a score may be told: a row for each option. */
import { GgmaError } from '../../errors.ts';
import {
  abortSignal,
  checkOptions,
  choice,
  type FilledOptions,
  fillOptions,
  flag,
  integer,
  type NumberRule,
  type OptionsOf,
  option,
  type Rule,
  texts,
} from '../../options/index.ts';
import { type ChatOptions, chatOptions } from './chat.ts';
import { type SamplingOptions, samplingOptions } from './sampling.ts';

const MAX_STOP_LENGTH = 1_000_000;
const MAX_ALTERNATIVES = 20;

const ownOptions = {
  /** Tokens to generate at most. Default: what the context has room for. */
  maxTokens: option({
    rule: integer(0, 2 ** 31 - 1),
    cli: { short: 'n', value: 'N', help: 'tokens to generate' },
  }),
  /** The text ends before the first of these. Default: none. */
  stop: option({
    rule: texts(MAX_STOP_LENGTH),
    cli: { value: 'TEXT', help: 'end before this text; may be given repeatedly' },
  }),
  /** The log-probability of every token; a number up to 20: and of as many alternatives. Default: false. */
  logprobs: option({
    rule: ({ vocabSize }): Rule<boolean | number> => {
      const alternatives = alternativesRule(vocabSize);
      return {
        kind: 'other',
        type: 'boolean | number',
        expects: `true, false or ${alternatives.expects}`,
        holds: (value): value is boolean | number => flag.holds(value) || alternatives.holds(value),
      };
    },
  }),
  /** The same as a number for `logprobs`. Default: none. */
  topLogprobs: option({
    rule: ({ vocabSize }) => alternativesRule(vocabSize),
    cli: { flag: 'logprobs', value: 'N', help: 'log-probabilities; with --json, N alternatives each' },
  }),
  /** Ids that end a generation. Default: the package's. */
  eosIds: option({ rule: ({ vocabSize }) => idListRule(vocabSize) }),
  /** Nothing but maxTokens and `stop` ends the generation. Default false. */
  ignoreEos: option({
    rule: flag,
    default: false,
    cli: { help: 'go on after an end-of-sequence token' },
  }),
  /** Put the beginning-of-sequence id in front of a text. Default true. A prompt of ids is taken as it is. */
  addBos: option({ rule: flag, default: true }),
  /**
   * When prompt and maxTokens together exceed the context: 'error' (CONTEXT_OVERFLOW), or 'truncate-left', which leaves
   * out the oldest tokens of the prompt, behind the beginning of sequence, and says how many (usage.truncatedTokens).
   * The latter wants maxTokens, the room that is to be made. Default 'error'.
   */
  overflow: option({ rule: choice('error', 'truncate-left'), default: 'error' }),
  /** Ends the generation with ABORTED, within one step. Default: none. */
  signal: option({ rule: abortSignal }),
};

export const generateOptions = { ...ownOptions, ...samplingOptions, ...chatOptions };

/** Without temperature, topK, topP or minP the most likely token is taken each time. */
export interface GenerateOptions extends SamplingOptions, ChatOptions, OptionsOf<typeof ownOptions> {}

export const scoreOptions = {
  /** Alternatives for every token, at most 20. Default 0. */
  topLogprobs: option({ rule: ({ vocabSize }) => alternativesRule(vocabSize), default: 0 }),
  /** Put the beginning-of-sequence id in front of a text. Default true. */
  addBos: option({ rule: flag, default: true }),
  /** Ends the work with the signal's reason, within one step. Default: none. */
  signal: option({ rule: abortSignal }),
};

export interface ScoreOptions extends OptionsOf<typeof scoreOptions> {}

/** Checked options with their defaults, before the prompt is looked at. */
export interface ResolvedOptions {
  maxTokens: number | null;
  stops: readonly string[];
  stopIds: readonly number[];
  addBos: boolean;
  /** Alternatives; null: no log-probabilities. */
  topLogprobs: number | null;
  overflow: 'error' | 'truncate-left';
  signal: AbortSignal | null;
}

/** What of a model options depend on. */
export interface ModelLimits {
  readonly vocabSize: number;
  readonly eosIds: readonly number[];
  /** null: nothing has a text. */
  readonly tokenizer: object | null;
}

/** @throws GgmaError OPTION */
export function resolveOptions(options: GenerateOptions, model: ModelLimits): ResolvedOptions {
  checkOptions('generate', options, generateOptions, model);
  const filled = fillOptions(generateOptions, options);
  const { maxTokens, stop = [], eosIds = model.eosIds, addBos, overflow, signal } = filled;
  const stops = typeof stop === 'string' ? [stop] : [...stop];
  if (stops.length > 0 && model.tokenizer === null)
    refuse('stop', 'expected no stop strings for a package without a tokenizer, got some');
  if (overflow === 'truncate-left' && maxTokens === undefined)
    refuse('maxTokens', "expected maxTokens with overflow 'truncate-left', got none");
  return {
    maxTokens: maxTokens ?? null,
    stops,
    stopIds: filled.ignoreEos ? [] : [...eosIds],
    addBos,
    topLogprobs: resolveLogprobs(filled),
    overflow,
    signal: signal ?? null,
  };
}

/** Alternatives; null: no log-probabilities. @throws GgmaError OPTION where the two options contradict each other */
function resolveLogprobs({
  logprobs,
  topLogprobs,
}: FilledOptions<Pick<typeof ownOptions, 'logprobs' | 'topLogprobs'>>): number | null {
  if (topLogprobs === undefined) {
    if (logprobs === undefined || logprobs === false) return null;
    return logprobs === true ? 0 : logprobs;
  }
  if (logprobs === false) refuse('logprobs', 'expected logprobs true with topLogprobs, got false');
  if (typeof logprobs === 'number' && logprobs !== topLogprobs)
    refuse(
      'topLogprobs',
      `expected one number for logprobs and topLogprobs, got ${logprobs} and ${topLogprobs}`,
    );
  return topLogprobs;
}

function refuse(path: string, message: string): never {
  throw new GgmaError('OPTION', message, { path });
}

/** Alternatives beside a log-probability. */
function alternativesRule(vocabSize: number): NumberRule {
  return integer(0, Math.min(MAX_ALTERNATIVES, vocabSize));
}

function idListRule(vocabSize: number): Rule<readonly number[]> {
  const id = integer(0, vocabSize - 1);
  return {
    kind: 'other',
    type: 'readonly number[]',
    expects: `a list of token ids from 0 to ${vocabSize - 1}`,
    holds: (value): value is readonly number[] => Array.isArray(value) && value.every((one) => id.holds(one)),
  };
}
