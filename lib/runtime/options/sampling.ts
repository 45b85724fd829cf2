/** How tokens are drawn: a row for each option. Adding one is a row here and its use in native/core. */
import { integer, number, type Option, type OptionsOf, option, type Rule } from '../../options/index.ts';

/** What sampling asks of a row beside the rest. */
export interface SamplingRow extends Option<number, number | undefined> {
  /** 'filter': a call that gives it draws tokens at random. 'logits': it changes them, for the most likely token too. */
  acts?: 'filter' | 'logits';
}

/** A package may recommend a value for calls that draw. */
export interface RecommendedRow extends SamplingRow {
  /** The key of generation_config.json. */
  recommended: string;
}

const row = (one: SamplingRow): SamplingRow => one;
const recommended = (one: RecommendedRow): RecommendedRow => one;

export const samplingOptions = {
  /** From 0, always the most likely token, to 100. Default: 0; with topK, topP or minP the package's, or 1. */
  temperature: recommended({
    rule: number(0, 100),
    recommended: 'temperature',
    native: 'filters.temperature',
    cli: { value: 'T', help: 'draw at random; higher is wilder (default: 0, or 1 with the next three)' },
  }),
  /** Only the K most likely tokens; 0 means all. Default 0, or the package's. */
  topK: recommended({
    rule: integer(0, 2 ** 31 - 1),
    default: 0,
    acts: 'filter',
    recommended: 'top_k',
    native: 'filters.top_k',
    cli: { value: 'K', help: 'draw among the K most likely tokens' },
  }),
  /** Only the most likely tokens that together have at least this probability. Default 1, or the package's. */
  topP: recommended({
    rule: number(0, 1),
    default: 1,
    acts: 'filter',
    recommended: 'top_p',
    native: 'filters.top_p',
    cli: { value: 'P', help: 'draw among the most likely tokens with probability P together' },
  }),
  /** Only tokens with at least this share of the highest probability. Default 0, or the package's. */
  minP: recommended({
    rule: number(0, 1),
    default: 0,
    acts: 'filter',
    recommended: 'min_p',
    native: 'filters.min_p',
    cli: { value: 'P', help: 'draw among tokens with P times the highest probability or more' },
  }),
  /**
   * Divides the positive logits of tokens that occurred (in the prompt too), multiplies the negative ones; from 0.01
   * to 100. Default 1, which changes nothing; where tokens are drawn, the package's.
   */
  repeatPenalty: recommended({
    rule: number(0.01, 100),
    default: 1,
    acts: 'logits',
    recommended: 'repetition_penalty',
    native: 'repetition_penalty',
    cli: { value: 'R', help: 'make tokens that occurred less likely (1: off)' },
  }),
  /** Taken off the logits of tokens that were generated; from −100 to 100. Default 0. */
  presencePenalty: row({
    rule: number(-100, 100),
    default: 0,
    acts: 'logits',
    native: 'presence_penalty',
    cli: { value: 'X', help: 'take X off the logits of tokens that were generated' },
  }),
  /** Taken off the logits of tokens that were generated, for each time; from −100 to 100. Default 0. */
  frequencyPenalty: row({
    rule: number(-100, 100),
    default: 0,
    acts: 'logits',
    native: 'frequency_penalty',
    cli: { value: 'X', help: 'take X off the logits for each time they were' },
  }),
  /** The same seed draws the same tokens. Default: one by chance, which the completion names. */
  seed: row({
    rule: integer(0, Number.MAX_SAFE_INTEGER),
    native: 'seed',
    cli: { value: 'N', help: 'draw the same tokens as another run with N (--json names it)' },
  }),
  /** Added to the logits of these ids; −Infinity bans one. Default: none. */
  logitBias: option({ rule: ({ vocabSize }) => biasRule(vocabSize) }),
};

/** Without temperature, topK, topP or minP the most likely token is taken each time. */
export interface SamplingOptions extends OptionsOf<typeof samplingOptions> {}

/** The options that are numbers: all but logitBias. */
export type SamplingNumbers = Omit<SamplingOptions, 'logitBias'>;
export type NumberName = keyof SamplingNumbers;

type RecommendedName<Table = typeof samplingOptions> = {
  [Name in keyof Table]: Table[Name] extends RecommendedRow ? Name : never;
}[keyof Table];

/** What a package's generation_config.json recommends for drawing at random. */
export interface SamplingDefaults extends Pick<SamplingOptions, RecommendedName> {}

/** The rows of the numbers, in order. */
export function numberRows(): [name: NumberName, row: SamplingRow][] {
  const { logitBias: _, ...rows } = samplingOptions;
  return Object.entries(rows) as [NumberName, SamplingRow][];
}

/** The options that a package may recommend values for, and the keys of generation_config.json. */
export function recommendedRows(): [name: keyof SamplingDefaults, row: RecommendedRow][] {
  return numberRows().filter(([, one]) => 'recommended' in one) as [keyof SamplingDefaults, RecommendedRow][];
}

/** The entries of a logitBias, whose keys are ids in an object too. */
export function biasEntries(bias: object): [unknown, unknown][] {
  return bias instanceof Map ? [...bias] : Object.entries(bias);
}

type LogitBias = Readonly<Record<number, number>> | ReadonlyMap<number, number>;

function biasRule(vocabSize: number): Rule<LogitBias> {
  const id = integer(0, vocabSize - 1);
  const idAndBias = ([key, bias]: [unknown, unknown]): boolean =>
    id.holds(typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : key) &&
    typeof bias === 'number' &&
    bias < Infinity;
  return {
    kind: 'other',
    type: 'Readonly<Record<number, number>> | ReadonlyMap<number, number>',
    expects: `an object or Map of ids from 0 to ${vocabSize - 1} and numbers below Infinity`,
    holds: (value): value is LogitBias =>
      typeof value === 'object' && value !== null && biasEntries(value).every(idAndBias),
  };
}
