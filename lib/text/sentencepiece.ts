/** tokenizer.model: sentencepiece-js encodes; decoding goes over the table of pieces that we read ourselves. */
import { readFile } from 'node:fs/promises';
import type { SentencePieceProcessor } from 'sentencepiece-js';
import { GgmaError } from '../errors.ts';
import { byteOfPiece } from './byte-piece.ts';
import { type ByteTable, tableDecoder } from './decoder.ts';
import { fenceProcessHandlers } from './fence.ts';
import { pieceType, readSentencePieceModel, type SentencePieceModel } from './sentencepiece-model.ts';
import {
  checkText,
  checkTokenId,
  type EncodeOptions,
  type StreamDecoder,
  type TokenIds,
  type Tokenizer,
} from './tokenizer.ts';

/**
 * @param encoder gives ids in the library's place, without a beginning of sequence, where a check has shown that it
 * gives the same ones: the WASM and its 17 MB heap are then never loaded
 * @throws GgmaError TOKENIZER naming the file and what is wrong with it
 */
export async function loadSentencePiece(path: string, encoder?: () => Promise<Encoder>): Promise<Tokenizer> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new GgmaError('TOKENIZER', 'expected a readable SentencePiece model', { path, cause });
  });
  const model = readSentencePieceModel(bytes, path);
  if (encoder !== undefined) return new SentencePieceTokenizer(model, await encoder());
  const processor = await loadProcessor(path);
  return new SentencePieceTokenizer(model, (text) => processor.encodeIds(text));
}

/** A well-formed text in, its ids out. */
export type Encoder = (text: string) => ArrayLike<number>;

let lastLoad: Promise<unknown> = Promise.resolve();

/** One load at a time: each compiles 0.7 MB of WASM and starts with a 17 MB heap. */
function loadProcessor(path: string): Promise<SentencePieceProcessor> {
  const load = async (): Promise<SentencePieceProcessor> => {
    try {
      return await fenceProcessHandlers(async () => {
        // Imported on first use: it takes tens of milliseconds.
        const { default: library } = await import('sentencepiece-js');
        const processor = new library.SentencePieceProcessor();
        await processor.load(path);
        return processor;
      });
    } catch (cause) {
      throw new GgmaError('TOKENIZER', 'expected sentencepiece-js to load the model', { path, cause });
    }
  };
  const result = lastLoad.then(load);
  lastLoad = result.catch(() => {});
  return result;
}

class SentencePieceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly unkId: number;
  readonly specialIds: ReadonlySet<number>;
  readonly #model: SentencePieceModel;
  readonly #encode: Encoder;
  readonly #table: ByteTable;
  readonly #longestPiece: number;

  constructor(model: SentencePieceModel, encode: Encoder) {
    this.#model = model;
    this.#encode = encode;
    this.#table = byteTable(model);
    this.vocabSize = model.pieces.length;
    this.bosId = model.bosId;
    this.eosId = model.eosId;
    this.unkId = model.unkId;
    this.specialIds = new Set(
      model.pieces.flatMap((piece, id) => (piece.type === pieceType.control ? [id] : [])),
    );
    this.#longestPiece = model.pieces.reduce(
      (longest, piece) => Math.max(longest, Buffer.byteLength(piece.text)),
      1,
    );
  }

  encode(text: string, { addBos = true }: EncodeOptions = {}): Int32Array {
    const ids = this.#encode(checkText(text));
    const first = addBos && this.bosId !== null ? [this.bosId] : [];
    const all = new Int32Array(first.length + ids.length);
    all.set(first);
    all.set(ids, first.length);
    return all;
  }

  decode(ids: TokenIds): string {
    const decoder = this.streamDecoder();
    return decoder.push(ids) + decoder.end();
  }

  idToPiece(id: number): string {
    return this.#model.pieces[checkTokenId(id, this.vocabSize)]!.text;
  }

  streamDecoder(): StreamDecoder {
    return tableDecoder(this.#table);
  }

  /**
   * A piece holds at most its own length of text (▁ is longer than the space it stands for). That fails where
   * the normaliser shortens text, and where a run of unknown characters becomes one unknown piece.
   */
  fewestTokens(text: string): number {
    const { byteFallback, rewritesCharacters, removeExtraWhitespaces } = this.#model;
    if (!byteFallback || rewritesCharacters || removeExtraWhitespaces) return 0;
    return Math.ceil(Buffer.byteLength(text) / this.#longestPiece);
  }
}

function byteTable(model: SentencePieceModel): ByteTable {
  const bytesOf = (piece: { text: string; type: number }): Uint8Array => {
    if (piece.type === pieceType.control) return new Uint8Array(0);
    if (piece.type === pieceType.unknown) return Buffer.from(model.unkSurface);
    if (piece.type === pieceType.byte) return Uint8Array.of(byteOfPiece(piece.text)!);
    return Buffer.from(piece.text.replaceAll('\u2581', ' '));
  };
  const byteIds = model.pieces.flatMap((piece, id) => (piece.type === pieceType.byte ? [id] : []));
  return {
    bytes: model.pieces.map(bytesOf),
    strip: model.removeExtraWhitespaces ? 'each' : model.addDummyPrefix ? 'first' : 'none',
    literal: new Set([model.unkId, ...byteIds]),
  };
}
