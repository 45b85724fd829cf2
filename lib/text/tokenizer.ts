/** Text ⇄ token ids: what every tokenizer behind this folder offers, and the checks they share. */
import { GgmaError } from '../errors.ts';

export interface EncodeOptions {
  /** Put the model's beginning-of-sequence id in front, where the model has one. Default true. */
  addBos?: boolean;
}

/** Any list of ids: an array or an integer typed array. */
export type TokenIds = ArrayLike<number>;

export interface Tokenizer {
  /** Number of pieces: ids are 0 ≤ id < vocabSize. A model's logits may be wider. */
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly unkId: number | null;
  /** Ids that stand for no text of their own (beginning, end, padding, …). They decode to nothing. */
  readonly specialIds: ReadonlySet<number>;
  /**
   * Text that looks like a special token ("</s>") stays text. A lone surrogate counts as U+FFFD.
   * @throws GgmaError INPUT when `text` is not a string or is longer than {@link longestText}.
   */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /**
   * Bytes that are not UTF-8 become U+FFFD. [] gives "".
   * @throws GgmaError TOKEN_ID naming an id that is no integer from 0 to vocabSize − 1.
   */
  decode(ids: TokenIds): string;
  /** The piece as the vocabulary spells it ("▁Once", "<0x0A>"). @throws GgmaError TOKEN_ID */
  idToPiece(id: number): string;
  /** A decoder for ids that arrive bit by bit; one stream each. */
  streamDecoder(): StreamDecoder;
  /**
   * A number of tokens that `text` is certain to have at least, found without encoding it, so that a prompt
   * far beyond any context is refused at once.
   */
  fewestTokens(text: string): number;
}

/** Text in pieces: the pushed texts and the end's, joined, equal `decode` of all the ids. */
export interface StreamDecoder {
  /** The text that these ids complete. A character whose bytes are not all there yet is held back. */
  push(ids: TokenIds): string;
  /** What was held back: U+FFFD once for an unfinished character, otherwise "". */
  end(): string;
}

/** UTF-16 units. Encoding runs on the caller's thread, about a second per million on a slow machine. */
export const longestText = 4_000_000;

/** Checks a text before it is encoded and makes it well-formed UTF-16 (WASM would write wrong bytes). */
export function checkText(text: string): string {
  if (typeof text !== 'string')
    throw new GgmaError('INPUT', `expected a string to encode, got ${typeof text}`);
  if (text.length > longestText)
    throw new GgmaError('INPUT', `expected a text of at most ${longestText} characters, got ${text.length}`);
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

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
