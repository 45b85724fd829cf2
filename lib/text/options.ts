/** What encoding and decoding may be told: a row for each option (lib/options says what follows from a row). */
import { abortSignal, flag, type OptionsOf, option, type Rule } from '../options/index.ts';
import type { TokenIds } from './tokenizer.ts';

export const encodeOptions = {
  /**
   * Put in front what the model's files put in front of a text, usually the beginning-of-sequence id. It is never
   * put in front of segments that begin with it. Default true.
   */
  addBos: option({ rule: flag, default: true }),
  /** Put the end-of-sequence id behind the text where the model's files say so (few do). Default true. */
  addEos: option({ rule: flag, default: true }),
};

export const encodeAsyncOptions = {
  ...encodeOptions,
  /** Ends the encoding with the signal's reason. */
  signal: option({ rule: abortSignal }),
};

const tokenIds: Rule<TokenIds> = {
  ...{ kind: 'other', type: 'TokenIds', expects: 'a list of token ids' },
  holds: (value): value is TokenIds =>
    typeof value === 'object' && value !== null && 'length' in value && Number.isInteger(value.length),
};

export const streamDecoderOptions = {
  /**
   * The ids that the decoded ones follow (a prompt). Their text is not repeated, but it decides whether a leading
   * space belongs to the continuation. Default: none, so the first id begins a text.
   */
  after: option({ rule: tokenIds }),
};

export type EncodeOptions = OptionsOf<typeof encodeOptions>;
export type EncodeAsyncOptions = OptionsOf<typeof encodeAsyncOptions>;
export type StreamDecoderOptions = OptionsOf<typeof streamDecoderOptions>;
