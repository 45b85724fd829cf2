/**
 * What ggma needs of a SentencePiece `tokenizer.model` (the ModelProto message of sentencepiece_model.proto):
 * the pieces and how they are spelt out again. The JavaScript library gives no access to any of it, and
 * "loads" junk without a word, so a model is read and checked here before the library sees it.
 */
import { GgmaError } from '../errors.ts';
import { byteOfPiece } from './byte-piece.ts';
import { MessageReader } from './protobuf.ts';

export const pieceType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** TrainerSpec.model_type */
const BPE_MODEL = 2;

export interface Piece {
  text: string;
  /** Log-probability (unigram) or minus the merge's rank (BPE). */
  score: number;
  /** One of {@link pieceType}. */
  type: number;
  /** Where the file has the type's byte; null where it has none, which means a normal piece. */
  typeOffset: number | null;
}

export interface SentencePieceModel {
  pieces: Piece[];
  unkId: number;
  bosId: number | null;
  eosId: number | null;
  padId: number | null;
  /** What the unknown piece decodes to. */
  unkSurface: string;
  byteFallback: boolean;
  /** Pieces are found by merging pairs, not by the most likely row of pieces. */
  isBpe: boolean;
  /** A space is put before the text on encoding and taken away on decoding. */
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  /** The normaliser rewrites characters (NFKC and the like), so text and pieces may differ in length. */
  rewritesCharacters: boolean;
  /** Spaces are ▁ in pieces. */
  escapesSpaces: boolean;
}

/**
 * @param bytes the file
 * @param where its path, for messages
 * @throws GgmaError TOKENIZER when the bytes are no model, or one that could not encode every text
 */
export function readSentencePieceModel(bytes: Uint8Array, where: string): SentencePieceModel {
  const fail = (message: string, path = where): never => {
    throw new GgmaError('TOKENIZER', message, { path });
  };
  if (bytes.length === 0) fail('expected a SentencePiece model, got an empty file');
  const pieces: Piece[] = [];
  const trainer = {
    bosPiece: '<s>',
    eosPiece: '</s>',
    padPiece: '<pad>',
    unkSurface: ' \u2047 ',
    byteFallback: false,
    isBpe: false,
  };
  const normalizer = {
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    rewritesCharacters: false,
    escapesSpaces: true,
  };
  const file = new MessageReader(bytes, () => where);
  while (file.next()) {
    if (file.field === 1) {
      const id = pieces.length;
      pieces.push(readPiece(file.message(() => `${where}: pieces[${id}]`)));
    } else if (file.field === 2)
      readTrainer(
        file.message(() => `${where}: trainer_spec`),
        trainer,
      );
    else if (file.field === 3)
      readNormalizer(
        file.message(() => `${where}: normalizer_spec`),
        normalizer,
      );
    else if (file.field === 5) refuseDenormalizer(file.message(() => `${where}: denormalizer_spec`));
  }
  if (pieces.length === 0) fail('expected a SentencePiece model with pieces, got none');

  const byText = new Map<string, number>();
  const unknowns: number[] = [];
  const bytesSeen = new Set<number>();
  pieces.forEach(({ text, type }, id) => {
    const failHere = (message: string) => fail(message, `${where}: pieces[${id}]`);
    const twin = byText.get(text);
    if (text === '') failHere('expected a text for the piece, got ""');
    if (twin !== undefined) failHere(`expected distinct pieces, got ${JSON.stringify(text)} as ${twin} too`);
    byText.set(text, id);
    if (type === pieceType.unknown) unknowns.push(id);
    if (type === pieceType.byte) {
      const byte = byteOfPiece(text);
      if (byte === null) failHere(`expected <0x00> … <0xFF> for a byte piece, got ${JSON.stringify(text)}`);
      else bytesSeen.add(byte);
    }
  });
  if (unknowns.length !== 1) fail(`expected one unknown piece, got ${unknowns.length}`);
  if (trainer.byteFallback && bytesSeen.size !== 256)
    fail(`expected 256 byte pieces for byte_fallback, got ${bytesSeen.size}`);

  const control = (text: string): number | null => {
    const id = byText.get(text);
    return id !== undefined && pieces[id]!.type === pieceType.control ? id : null;
  };
  return {
    pieces,
    unkId: unknowns[0]!,
    bosId: control(trainer.bosPiece),
    eosId: control(trainer.eosPiece),
    padId: control(trainer.padPiece),
    unkSurface: trainer.unkSurface,
    byteFallback: trainer.byteFallback,
    isBpe: trainer.isBpe,
    ...normalizer,
  };
}

function readPiece(message: MessageReader): Piece {
  const piece: Piece = { text: '', score: 0, type: pieceType.normal, typeOffset: null };
  while (message.next()) {
    if (message.field === 1) piece.text = message.string();
    else if (message.field === 2) piece.score = message.float32();
    else if (message.field === 3) {
      piece.type = message.low32;
      piece.typeOffset = message.offset;
    }
  }
  if (piece.type < pieceType.normal || piece.type > pieceType.byte)
    message.fail(`expected a piece type from 1 to 6, got ${piece.type}`);
  if (Number.isNaN(piece.score)) message.fail('expected a number for the score, got NaN');
  return piece;
}

interface TrainerSpec {
  bosPiece: string;
  eosPiece: string;
  padPiece: string;
  unkSurface: string;
  byteFallback: boolean;
  isBpe: boolean;
}

function readTrainer(message: MessageReader, spec: TrainerSpec): void {
  while (message.next()) {
    if (message.field === 3) spec.isBpe = message.low32 === BPE_MODEL;
    else if (message.field === 35) spec.byteFallback = message.low32 !== 0;
    else if (message.field === 44) spec.unkSurface = message.string();
    else if (message.field === 46) spec.bosPiece = message.string();
    else if (message.field === 47) spec.eosPiece = message.string();
    else if (message.field === 48) spec.padPiece = message.string();
  }
}

interface NormalizerSpec {
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  rewritesCharacters: boolean;
  escapesSpaces: boolean;
}

function readNormalizer(message: MessageReader, spec: NormalizerSpec): void {
  while (message.next()) {
    if (message.field === 2) spec.rewritesCharacters = message.byteLength() > 0;
    else if (message.field === 3) spec.addDummyPrefix = message.low32 !== 0;
    else if (message.field === 4) spec.removeExtraWhitespaces = message.low32 !== 0;
    else if (message.field === 5) spec.escapesSpaces = message.low32 !== 0;
  }
}

/** A denormaliser rewrites decoded text by a compiled table that nothing here can read. */
function refuseDenormalizer(message: MessageReader): void {
  while (message.next())
    if (message.field === 2 && message.byteLength() > 0)
      message.fail('expected a model without denormalizer rules, got one with them');
}
