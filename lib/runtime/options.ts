/** What a generation may be told. */
import { GgmaError } from '../errors.ts';
import { abortSignal, checkOptions, flag, integer, type Rule } from './check.ts';
import { type SamplingOptions, samplingRules } from './sampling.ts';

/** Without temperature, topK, topP or minP the most likely token is taken each time. */
export interface GenerateOptions extends SamplingOptions {
  /** Tokens to generate at most. Default: what the context has room for. */
  maxTokens?: number;
  /** The text ends before the first of these. Default: none. */
  stop?: string | readonly string[];
  /** Ids that end a generation. Default: the package's. */
  eosIds?: readonly number[];
  /** Nothing but maxTokens and `stop` ends the generation. Default false. */
  ignoreEos?: boolean;
  /** Put the beginning-of-sequence id in front of a text. Default true. A prompt of ids is taken as it is. */
  addBos?: boolean;
  /** The log-probability of every token; a number up to 20: and of as many alternatives. Default false. */
  logprobs?: boolean | number;
  /** The same as a number for `logprobs`. */
  topLogprobs?: number;
  /**
   * When prompt and maxTokens together exceed the context: 'error' (CONTEXT_OVERFLOW), or 'truncate-left', which leaves
   * out the oldest tokens of the prompt, behind the beginning of sequence, and says how many (usage.truncatedTokens).
   * The latter wants maxTokens, the room that is to be made. Default 'error'.
   */
  overflow?: 'error' | 'truncate-left';
  /** Ends the generation with ABORTED, within one step. */
  signal?: AbortSignal;
}

export interface ScoreOptions {
  /** Alternatives for every token, at most 20. Default 0. */
  topLogprobs?: number;
  /** As for generating. */
  addBos?: boolean;
  /** Ends the work with the signal's reason, within one step. */
  signal?: AbortSignal;
}

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

/** Alternatives beside a log-probability. */
const topLogprobsRule = (vocabSize: number): Rule => integer(0, Math.min(20, vocabSize));

/** @throws GgmaError OPTION */
export function resolveOptions(options: GenerateOptions, model: ModelLimits): ResolvedOptions {
  const topLogprobsOf = topLogprobsRule(model.vocabSize);
  const rules: Record<keyof GenerateOptions, Rule> = {
    maxTokens: integer(0, 2 ** 31 - 1),
    stop: stopRule,
    eosIds: idList(model.vocabSize),
    ignoreEos: flag,
    addBos: flag,
    ...samplingRules(model.vocabSize),
    logprobs: {
      expects: `true, false or ${topLogprobsOf.expects}`,
      holds: (value) => flag.holds(value) || topLogprobsOf.holds(value),
    },
    topLogprobs: topLogprobsOf,
    overflow: {
      expects: "'error' or 'truncate-left'",
      holds: (value) => value === 'error' || value === 'truncate-left',
    },
    signal: abortSignal,
  };
  checkOptions('generate', options, rules);
  const {
    maxTokens = null,
    stop = [],
    eosIds = model.eosIds,
    ignoreEos = false,
    addBos = true,
    logprobs = false,
    topLogprobs,
    overflow = 'error',
    signal,
  } = options;
  const stops = typeof stop === 'string' ? [stop] : [...stop];
  if (stops.length > 0 && model.tokenizer === null)
    throw new GgmaError('OPTION', 'expected no stop strings for a package without a tokenizer, got some', {
      path: 'stop',
    });
  if (overflow === 'truncate-left' && maxTokens === null)
    throw new GgmaError('OPTION', "expected maxTokens with overflow 'truncate-left', got none", {
      path: 'maxTokens',
    });
  if (topLogprobs !== undefined && logprobs === false && options.logprobs !== undefined)
    throw new GgmaError('OPTION', 'expected logprobs true with topLogprobs, got false', { path: 'logprobs' });
  if (topLogprobs !== undefined && typeof logprobs === 'number' && logprobs !== topLogprobs)
    throw new GgmaError(
      'OPTION',
      `expected one number for logprobs and topLogprobs, got ${logprobs} and ${topLogprobs}`,
      { path: 'topLogprobs' },
    );
  return {
    maxTokens,
    stops,
    stopIds: ignoreEos ? [] : [...eosIds],
    addBos,
    topLogprobs: topLogprobs ?? (logprobs === false ? null : Number(logprobs === true ? 0 : logprobs)),
    overflow,
    signal: signal ?? null,
  };
}

/** @throws GgmaError OPTION */
export function checkScoreOptions(options: ScoreOptions, vocabSize: number): void {
  checkOptions('score', options, {
    topLogprobs: topLogprobsRule(vocabSize),
    addBos: flag,
    signal: abortSignal,
  });
}
