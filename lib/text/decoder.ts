/**
 * Ids → text over a table of bytes per id. Whole and streamed decoding are the same code, so they cannot
 * disagree; U+FEFF stays, and a character's bytes may be spread over any number of ids.
 */
import { checkTokenId, type StreamDecoder, type TokenIds } from './tokenizer.ts';

/** What each id adds to the text. */
export interface ByteTable {
  /** UTF-8 per id, spaces as spaces; empty for ids that stand for no text. */
  bytes: Uint8Array[];
  /**
   * How many of a text's leading spaces are not part of it (SentencePiece puts one there on encoding):
   * 'first' one, 'each' one from every id until the text has begun, 'none'.
   */
  strip: 'none' | 'first' | 'each';
  /** Ids whose leading space is literal, so never stripped (the unknown piece's surface). */
  literal: ReadonlySet<number>;
}

const space = 0x20;

export function tableDecoder(table: ByteTable): StreamDecoder {
  // ignoreBOM: true means that U+FEFF is passed on, at the start too.
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  let atStart = table.strip !== 'none';
  const decodeOne = (id: number): string => {
    let bytes = table.bytes[id]!;
    if (bytes.length === 0) return '';
    if (atStart) {
      const strips = bytes[0] === space && !table.literal.has(id);
      if (strips) bytes = bytes.subarray(1);
      if (bytes.length > 0 || table.strip === 'first') atStart = false;
    }
    return utf8.decode(bytes, { stream: true });
  };
  return {
    push(ids: TokenIds): string {
      for (let i = 0; i < ids.length; i++) checkTokenId(ids[i], table.bytes.length, `ids[${i}]`);
      let text = '';
      for (let i = 0; i < ids.length; i++) text += decodeOne(ids[i]!);
      return text;
    },
    end: () => utf8.decode(),
  };
}
