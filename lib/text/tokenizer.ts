/** Text ⇄ token ids: what every tokenizer behind this folder offers, and the checks they share. */
import { GgmaError } from '../errors.ts';
import type { EncodeAsyncOptions, EncodeOptions, StreamDecoderOptions } from './options.ts';

/**
 * A part of a text that is encoded. In `text`, what looks like a special token stays text; `special` is the name of
 * one ("<|im_end|>") and becomes its id. So nobody who only supplies text can make a special token.
 */
export type Segment = { readonly text: string } | { readonly special: string };

/** Any list of ids: an array or an integer typed array. */
export type TokenIds = ArrayLike<number>;

export interface Tokenizer {
  /** Number of pieces: ids are 0 ≤ id < vocabSize. A model's logits may be wider. */
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly unkId: number | null;
  /** Special tokens: name ("<|im_end|>") → id. These are the names that a {@link Segment} may use. */
  readonly specials: ReadonlyMap<string, number>;
  /** Ids that stand for no text of their own (beginning, end, padding, …). They decode to nothing. */
  readonly specialIds: ReadonlySet<number>;
  /**
   * Text that looks like a special token ("</s>") stays text, in a string and in a segment's `text`. Neighbouring
   * texts count as one. A lone surrogate counts as U+FFFD.
   * @throws GgmaError INPUT when `input` is neither a string nor segments, names a special token that the tokenizer
   * does not have, or is longer than {@link MAX_TEXT_LENGTH}; OPTION for options that do not exist.
   */
  encode(input: string | readonly Segment[], options?: EncodeOptions): Int32Array;
  /**
   * The same ids as {@link encode}, found in steps of at most about 5 ms, between which other work gets its turn.
   * Where no place in a text is certain to be a border between tokens (a vocabulary that rewrites characters, a
   * megabyte without any punctuation), such a stretch is encoded in one step.
   * @throws GgmaError as {@link encode} (rejects); the signal's reason
   */
  encodeAsync(input: string | readonly Segment[], options?: EncodeAsyncOptions): Promise<Int32Array>;
  /**
   * Bytes that are not UTF-8 become U+FFFD. [] gives "".
   * @throws GgmaError TOKEN_ID naming an id that is no integer from 0 to vocabSize − 1.
   */
  decode(ids: TokenIds): string;
  /** The piece as the vocabulary spells it ("▁Once", "<0x0A>"). @throws GgmaError TOKEN_ID */
  idToPiece(id: number): string;
  /**
   * The bytes of text (UTF-8, possibly a part of a character) that an id stands for, spaces as spaces; none for
   * special tokens. Do not change them. @throws GgmaError TOKEN_ID
   */
  bytesOf(id: number): Uint8Array;
  /** A decoder for ids that arrive bit by bit; one stream each. @throws GgmaError TOKEN_ID for `after` */
  streamDecoder(options?: StreamDecoderOptions): StreamDecoder;
  /**
   * A number of tokens that `input` is certain to have at least, found without encoding it, so that a prompt
   * far beyond any context is refused at once.
   */
  minTokens(input: string | readonly Segment[]): number;
}

/** Text in pieces: the pushed texts and the end's, joined, equal `decode` of all the ids. */
export interface StreamDecoder {
  /** The text that these ids complete. A character whose bytes are not all there yet is held back. */
  push(ids: TokenIds): string;
  /** What was held back: U+FFFD once for an unfinished character, otherwise "". */
  end(): string;
}

/** UTF-16 units. `encode` runs on the caller's thread, up to several seconds for a text of this length. */
export const MAX_TEXT_LENGTH = 4_000_000;

/** @throws GgmaError TOKEN_ID unless `id` is an integer from 0 to vocabSize − 1 */
export function checkTokenId(id: unknown, vocabSize: number, where = 'id'): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize)
    throw new GgmaError(
      'TOKEN_ID',
      `expected a token id from 0 to ${vocabSize - 1}, got ${typeof id === 'bigint' ? `${id}n` : String(id)}`,
      { path: where },
    );
  return id;
}
