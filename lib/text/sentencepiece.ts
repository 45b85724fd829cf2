/** tokenizer.model: sentencepiece-js encodes; decoding goes over the table of pieces that we read ourselves. */
import type { AddedToken } from './added-tokens.ts';
import { byteOfPiece } from './byte-piece.ts';
import { type CutRule, pairCuts } from './cuts.ts';
import type { ByteTable } from './decoder.ts';
import type { Encoder } from './encoder.ts';
import { around } from './huggingface.ts';
import { looksLikeControl } from './markup.ts';
import type { Special } from './sections.ts';
import {
  type Processor,
  startSentencePiece,
  withControls,
  withoutDummyPrefix,
} from './sentencepiece-library.ts';
import { pieceType, readSentencePieceModel, type SentencePieceModel } from './sentencepiece-model.ts';
import { noSettings, type TokenizerSettings } from './settings.ts';
import type { TokenizerParts } from './table-tokenizer.ts';

/** What tokenizer.json says of the same tokenizer, where it is there. */
export interface Companion {
  added: readonly AddedToken[];
  prefixIds: readonly number[];
  suffixIds: readonly number[];
  opens: 'each' | 'first';
}

export interface SentencePieceParts extends Omit<TokenizerParts, 'encoder'> {
  /** Starts the library: the WASM and its 17 MB heap are not loaded before. @throws GgmaError TOKENIZER */
  start(): Promise<Encoder>;
}

/**
 * @param bytes the file
 * @param where its path, for messages
 * @throws GgmaError TOKENIZER naming the file and what is wrong with it
 */
export function sentencePieceParts(
  bytes: Uint8Array,
  where: string,
  settings: TokenizerSettings = noSettings,
  companion: Companion | null = null,
): SentencePieceParts {
  const model = readSentencePieceModel(bytes, where);
  const added = (companion?.added.length ? companion.added : settings.added).filter(
    ({ id }) => id < settings.maxIds || id < model.pieces.length,
  );
  const specials = specialsOf(model, added);
  const specialIds = new Set(Array.from(specials.values(), ({ id }) => id));
  const pieces: (string | null)[] = model.pieces.map(({ text }) => text);
  const table = byteTable(model, specialIds);
  for (const { id, content } of added)
    if (id >= model.pieces.length) {
      while (pieces.length <= id) {
        pieces.push(null);
        table.bytes.push(new Uint8Array(0));
      }
      pieces[id] = content;
      if (!specialIds.has(id)) table.bytes[id] = Buffer.from(content);
    }
  const idOf = (token: string | null): number | null =>
    token === null ? null : (specials.get(token)?.id ?? idOrNull(pieces.indexOf(token)));
  const bosId = idOf(settings.bosToken) ?? model.bosId;
  const eosId = idOf(settings.eosToken) ?? model.eosId;
  const { byteFallback, rewritesCharacters, removeExtraWhitespaces } = model;
  return {
    start: async () => {
      const make = await startSentencePiece(where);
      return new ProcessorEncoder(
        make,
        withControls(bytes, model, (id) => specialIds.has(id)),
        model,
      );
    },
    table,
    pieces,
    specials,
    bosId,
    eosId,
    unkId: model.unkId,
    prefixIds: around(
      settings.addBos,
      companion?.prefixIds ?? (model.bosId === null ? [] : [model.bosId]),
      bosId,
    ),
    suffixIds: around(settings.addEos, companion?.suffixIds ?? [], eosId),
    opens: companion?.opens ?? (settings.legacy === false ? 'first' : 'each'),
    // A piece holds at most its own length of text (▁ is longer than the space it stands for), and a run of unknown
    // characters becomes one unknown piece where there are no byte pieces.
    keepsBytes: byteFallback && !rewritesCharacters && !removeExtraWhitespaces,
  };
}

function idOrNull(index: number): number | null {
  return index < 0 ? null : index;
}

/**
 * Control pieces, what the lists of added tokens call special, and of user-defined pieces that no list has those that
 * look like signs for the model.
 */
function specialsOf(model: SentencePieceModel, added: readonly AddedToken[]): Map<string, Special> {
  const specials = new Map<string, Special>();
  const plain = { stripsLeft: false, stripsRight: false };
  const listed = new Set(added.map(({ id }) => id));
  for (const [id, { text, type }] of model.pieces.entries())
    if (
      type === pieceType.control ||
      (type === pieceType.userDefined && !listed.has(id) && looksLikeControl(text))
    )
      specials.set(text, { id, ...plain });
  for (const token of added) {
    const type = model.pieces[token.id]?.type;
    // Normal pieces can be merged from text, whatever the list says; the unknown piece stands for text.
    const mayBe = type === undefined || type === pieceType.control || type === pieceType.userDefined;
    if (token.special && mayBe) specials.set(token.content, token);
  }
  return specials;
}

function byteTable(
  model: SentencePieceModel,
  specialIds: ReadonlySet<number>,
): ByteTable & { bytes: Uint8Array[] } {
  const bytesOf = ({ text, type }: { text: string; type: number }, id: number): Uint8Array => {
    if (specialIds.has(id)) return new Uint8Array(0);
    if (type === pieceType.unknown) return Buffer.from(model.unkSurface);
    if (type === pieceType.byte) return Uint8Array.of(byteOfPiece(text)!);
    return Buffer.from(text.replaceAll('\u2581', ' '));
  };
  const byteIds = model.pieces.flatMap((piece, id) => (piece.type === pieceType.byte ? [id] : []));
  return {
    bytes: model.pieces.map(bytesOf),
    strip: model.removeExtraWhitespaces ? 'each' : model.addDummyPrefix ? 'first' : 'none',
    literal: new Set([model.unkId, ...byteIds]),
  };
}

class ProcessorEncoder implements Encoder {
  readonly cuts: CutRule | null;
  readonly #opening: Processor;
  readonly #makeContinuing: () => Processor;
  readonly #keepsSpaces: boolean;
  readonly #addsSpace: boolean;
  #continuing: Processor | null = null;

  constructor(make: (model: Uint8Array) => Processor, bytes: Uint8Array, model: SentencePieceModel) {
    const { isBpe, byteFallback, rewritesCharacters, removeExtraWhitespaces, escapesSpaces } = model;
    this.#opening = make(bytes);
    this.#addsSpace = model.addDummyPrefix;
    this.#makeContinuing = () => (model.addDummyPrefix ? make(withoutDummyPrefix(bytes)) : this.#opening);
    this.#keepsSpaces = !rewritesCharacters && !removeExtraWhitespaces && escapesSpaces;
    this.cuts =
      isBpe && byteFallback && this.#keepsSpaces
        ? pairCuts(() => model.pieces.map(({ text }) => text))
        : null;
  }

  encode(text: string, opens: boolean): number[] {
    if (opens) return this.#opening(text);
    if (this.#continuing === null) {
      // The space that is put in front of what opens a text is the one that is there. So most texts do without a second
      // model, which takes time and memory.
      if (text.startsWith(' ') && text.length > 1 && this.#keepsSpaces && this.#addsSpace)
        return this.#opening(text.slice(1));
      this.#continuing = this.#makeContinuing();
    }
    return this.#continuing(text);
  }
}
