/**
 * Ids → text over a table of bytes per id. Whole and streamed decoding are the same code, so they cannot
 * disagree; U+FEFF stays, and a character's bytes may be spread over any number of ids.
 */
import { checkTokenId, type StreamDecoder, type TokenIds } from './tokenizer.ts';

/** What each id adds to the text. */
export interface ByteTable {
  /** UTF-8 per id, spaces as spaces; empty for ids that stand for no text. */
  readonly bytes: readonly Uint8Array[];
  /**
   * How many of a text's leading spaces are not part of it, because encoding puts them there:
   * 'first' one, 'each' one from every id until the text has begun, 'none'.
   */
  readonly strip: 'none' | 'first' | 'each';
  /** Ids whose leading space is literal, so never stripped (the unknown piece's surface). */
  readonly literal: ReadonlySet<number>;
}

const SPACE = 0x20;

/** Bytes of a character before its last one, at most: what a decoder may still hold when a prompt ends. */
const MAX_HELD_BYTES = 3;

/**
 * @param after ids that the decoded ones follow; their text is not given out
 * @param restarts whether a text behind a special token is encoded with a leading space of its own
 */
export function tableDecoder(table: ByteTable, after: TokenIds = [], restarts = false): StreamDecoder {
  const { bytes: bytesOfId, strip, literal } = table;
  const check = (ids: TokenIds, where: string): void => {
    for (let i = 0; i < ids.length; i++) checkTokenId(ids[i], bytesOfId.length, `${where}[${i}]`);
  };
  // ignoreBOM: true means that U+FEFF is passed on, at the start too.
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  let atStart = strip !== 'none';
  const decodeOne = (id: number): string => {
    let bytes = bytesOfId[id]!;
    if (bytes.length === 0) return '';
    if (atStart) {
      const strips = bytes[0] === SPACE && !literal.has(id);
      if (strips) bytes = bytes.subarray(1);
      if (bytes.length > 0 || strip === 'first') atStart = false;
    }
    return utf8.decode(bytes, { stream: true });
  };

  check(after, 'after');
  let textStart = 0;
  if (restarts)
    for (let i = after.length; i > 0 && textStart === 0; i--)
      if (bytesOfId[after[i - 1]!]!.length === 0) textStart = i;
  let i = textStart;
  while (i < after.length && atStart) decodeOne(after[i++]!);
  // Of the rest only an unfinished character at its end counts.
  let tail = after.length;
  for (let held = 0; tail > i && held <= MAX_HELD_BYTES; ) held += bytesOfId[after[--tail]!]!.length;
  while (tail < after.length) decodeOne(after[tail++]!);

  return {
    push(ids: TokenIds): string {
      check(ids, 'ids');
      let text = '';
      for (let i = 0; i < ids.length; i++) text += decodeOne(ids[i]!);
      return text;
    },
    end: () => utf8.decode(),
  };
}
