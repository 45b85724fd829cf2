/** The one tokenizer: an encoder, a table of what each id stands for, and the rules for special tokens. */
import { checkOptions, fillOptions } from '../options/index.ts';
import { type ByteTable, tableDecoder } from './decoder.ts';
import type { Encoder } from './encoder.ts';
import {
  type EncodeAsyncOptions,
  type EncodeOptions,
  encodeAsyncOptions,
  encodeOptions,
  type StreamDecoderOptions,
  streamDecoderOptions,
} from './options.ts';
import { type Section, type Special, sectionsOf, segmentsOf } from './sections.ts';
import {
  checkTokenId,
  type Segment,
  type StreamDecoder,
  type TokenIds,
  type Tokenizer,
} from './tokenizer.ts';
import { encodeInTurns, Turns } from './turns.ts';

/** What a tokenizer is made of, whichever file it comes from. */
export interface TokenizerParts {
  encoder: Encoder;
  table: ByteTable;
  /** Text per id; null where no token has the id. */
  pieces: readonly (string | null)[];
  specials: ReadonlyMap<string, Special>;
  bosId: number | null;
  eosId: number | null;
  unkId: number | null;
  /** Ids around a text. */
  prefixIds: readonly number[];
  suffixIds: readonly number[];
  /** Which texts are encoded as if a space stood in front of them: all between special tokens, or only what comes first. */
  opens: 'each' | 'first';
  /** Neither the normaliser nor unknown tokens make fewer bytes of a text than it has. */
  keepsBytes: boolean;
}

export class TableTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly unkId: number | null;
  readonly specials: ReadonlyMap<string, number>;
  readonly specialIds: ReadonlySet<number>;
  readonly #parts: TokenizerParts;
  readonly #maxPieceBytes: number;

  constructor(parts: TokenizerParts) {
    this.#parts = parts;
    this.vocabSize = parts.pieces.length;
    this.bosId = parts.bosId;
    this.eosId = parts.eosId;
    this.unkId = parts.unkId;
    this.specials = new Map(Array.from(parts.specials, ([name, { id }]) => [name, id]));
    this.specialIds = new Set(this.specials.values());
    this.#maxPieceBytes = parts.table.bytes.reduce((max, bytes) => Math.max(max, bytes.length), 1);
  }

  encode(input: string | readonly Segment[], options: EncodeOptions = {}): Int32Array {
    checkOptions('encode', options, encodeOptions);
    const { encoder } = this.#parts;
    const lists = this.#sections(input).map((section) =>
      'id' in section ? [section.id] : encoder.encode(section.text, section.opens),
    );
    return this.#join(lists, options);
  }

  async encodeAsync(
    input: string | readonly Segment[],
    options: EncodeAsyncOptions = {},
  ): Promise<Int32Array> {
    checkOptions('encodeAsync', options, encodeAsyncOptions);
    options.signal?.throwIfAborted();
    const turns = new Turns(options.signal);
    const lists: ArrayLike<number>[] = [];
    for (const section of this.#sections(input))
      if ('id' in section) lists.push([section.id]);
      else await encodeInTurns(this.#parts.encoder, section.text, section.opens, turns, lists);
    return this.#join(lists, options);
  }

  decode(ids: TokenIds): string {
    const decoder = this.streamDecoder();
    return decoder.push(ids) + decoder.end();
  }

  idToPiece(id: number): string {
    return this.#parts.pieces[checkTokenId(id, this.vocabSize)] ?? '';
  }

  bytesOf(id: number): Uint8Array {
    return this.#parts.table.bytes[checkTokenId(id, this.vocabSize)]!;
  }

  streamDecoder(options: StreamDecoderOptions = {}): StreamDecoder {
    checkOptions('streamDecoder', options, streamDecoderOptions);
    return tableDecoder(this.#parts.table, options.after ?? [], this.#parts.opens === 'each');
  }

  minTokens(input: string | readonly Segment[]): number {
    let specials = 0;
    let bytes = 0;
    for (const segment of segmentsOf(input))
      if ('special' in segment) specials++;
      else bytes += Buffer.byteLength(segment.text);
    // White space beside special tokens may be swallowed, so texts of segments count only where there is none.
    const counts = this.#parts.keepsBytes && specials === 0;
    return specials + (counts ? Math.ceil(bytes / this.#maxPieceBytes) : 0);
  }

  #sections(
    input: string | readonly Segment[],
  ): (({ text: string } & { opens: boolean }) | { id: number })[] {
    const { specials, opens } = this.#parts;
    return sectionsOf(input, specials).map((section: Section, i) =>
      'id' in section ? section : { text: section.text, opens: i === 0 || opens === 'each' },
    );
  }

  /** The one place where ids are put around a text. */
  #join(lists: readonly ArrayLike<number>[], options: EncodeOptions): Int32Array {
    const { addBos, addEos } = fillOptions(encodeOptions, options);
    const { prefixIds, suffixIds } = this.#parts;
    const content = lists.filter((list) => list.length > 0);
    const first = content[0]?.[0];
    const last = content.at(-1);
    const hasPrefix = first !== undefined && first === prefixIds[0];
    const hasSuffix = last !== undefined && last[last.length - 1] === suffixIds.at(-1);
    const all = [
      ...(addBos && !hasPrefix ? [prefixIds] : []),
      ...content,
      ...(addEos && !hasSuffix ? [suffixIds] : []),
    ];
    const ids = new Int32Array(all.reduce((sum, list) => sum + list.length, 0));
    let at = 0;
    for (const list of all) {
      ids.set(list, at);
      at += list.length;
    }
    return ids;
  }
}
