/**
 * A Hugging Face `tokenizer.json`, read as far as decoding and checking need it. The library that encodes with
 * it looks at little of the file before it uses it, and its decoder loses U+FEFF and cannot stream.
 */
import { GgmaError } from '../errors.ts';
import { byteOfPiece } from './byte-piece.ts';
import type { ByteTable } from './decoder.ts';

export interface TokenizerJson {
  /** The file as parsed, for the library. */
  json: Readonly<Record<string, unknown>>;
  /** Text per id; null where no token has the id. */
  pieces: (string | null)[];
  specialIds: ReadonlySet<number>;
  /** What the post-processor puts in front of a text. */
  prefixIds: readonly number[];
  unkId: number | null;
  table: ByteTable;
  /** Neither normaliser nor unknown tokens make fewer bytes of a text than it has. */
  keepsBytes: boolean;
  idOf(piece: string): number | null;
}

interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** Four times the largest vocabulary there is; the tables are as long as the largest id. */
const mostIds = 2 ** 20;

type Fail = (message: string, cause?: unknown) => never;

/** Tokens and ids, each of the other once. */
class Vocabulary {
  readonly ids = new Map<string, number>();
  readonly pieces: (string | null)[] = [];
  readonly #fail: Fail;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  add(piece: string, id: unknown): void {
    const quoted = JSON.stringify(piece);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= mostIds)
      this.#fail(`expected an id from 0 to ${mostIds - 1} for token ${quoted}, got ${String(id)}`);
    else {
      const before = this.pieces[id] ?? piece;
      if (before !== piece)
        this.#fail(`expected one token for id ${id}, got ${JSON.stringify(before)} and ${quoted}`);
      while (this.pieces.length < id) this.pieces.push(null);
      this.pieces[id] = piece;
      this.ids.set(piece, id);
    }
  }

  readonly idOf = (piece: string): number | null => this.ids.get(piece) ?? null;
}

/** @throws GgmaError TOKENIZER where the file does not hold together, UNSUPPORTED for a decoder that is not known */
export function readTokenizerJson(text: string, where: string): TokenizerJson {
  const fail: Fail = (message, cause) => {
    throw new GgmaError('TOKENIZER', message, { path: where, cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return fail('expected a tokenizer in JSON, got something else', cause);
  }
  if (!isObject(json) || !isObject(json.model)) return fail('expected an object with a "model"');
  const model = json.model;
  if (model.type !== 'BPE')
    throw new GgmaError('UNSUPPORTED', `expected BPE for the type of the model, got ${String(model.type)}`, {
      path: where,
    });
  if (!isObject(model.vocab) || !Array.isArray(model.merges))
    return fail('expected "vocab" and "merges" in "model"');

  const vocabulary = new Vocabulary(fail);
  for (const [piece, id] of Object.entries(model.vocab)) vocabulary.add(piece, id);
  const { ids, pieces, idOf } = vocabulary;
  if (ids.size === 0) return fail('expected tokens in "vocab", got none');
  const added = readAddedTokens(json.added_tokens, fail);
  for (const { content, id } of added) vocabulary.add(content, id);

  const unkId = typeof model.unk_token === 'string' ? idOf(model.unk_token) : null;
  if (typeof model.unk_token === 'string' && unkId === null)
    return fail(`expected the unk_token ${JSON.stringify(model.unk_token)} in "vocab", got none`);
  checkMerges(model.merges, ids, fail);
  const byteFallback = model.byte_fallback === true;
  if (byteFallback && [...ids.keys()].filter((piece) => byteOfPiece(piece) !== null).length !== 256)
    return fail('expected 256 byte tokens <0x00> … <0xFF> for byte_fallback, got fewer');
  const specialIds = new Set(added.filter((token) => token.special).map((token) => token.id));
  return {
    json,
    pieces,
    specialIds,
    prefixIds: readPrefix(json.post_processor, idOf, fail),
    unkId,
    table: byteTable(json.decoder, pieces, specialIds, where),
    keepsBytes: keepsBytes(json.normalizer) && (byteFallback || unkId === null),
    idOf,
  };
}

function readAddedTokens(list: unknown, fail: Fail): AddedToken[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return fail('expected a list for "added_tokens"');
  return list.map((token: unknown) => {
    if (!isObject(token) || typeof token.content !== 'string' || token.content === '')
      return fail('expected a "content" for every added token');
    return { id: Number(token.id), content: token.content, special: token.special === true };
  });
}

/** A merge of tokens that are not there would be found only when a text needs it. */
function checkMerges(merges: readonly unknown[], ids: ReadonlyMap<string, number>, fail: Fail) {
  for (const [i, merge] of merges.entries()) {
    const pair: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string')
      fail(`expected two tokens for merge ${i}, got ${JSON.stringify(merge)}`);
    for (const token of [left, right, left + right])
      if (!ids.has(token)) fail(`expected known tokens for merge ${i}, got ${JSON.stringify(token)}`);
  }
}

/** The ids before the text in a TemplateProcessing; other post-processors add none. */
function readPrefix(processor: unknown, idOf: (piece: string) => number | null, fail: Fail): number[] {
  if (!isObject(processor)) return [];
  if (processor.type === 'Sequence' && Array.isArray(processor.processors))
    return processor.processors.flatMap((one) => readPrefix(one, idOf, fail));
  if (processor.type !== 'TemplateProcessing' || !Array.isArray(processor.single)) return [];
  const prefix: number[] = [];
  for (const part of processor.single as unknown[]) {
    if (!isObject(part) || !isObject(part.SpecialToken)) break;
    const piece = String(part.SpecialToken.id);
    prefix.push(
      idOf(piece) ?? fail(`expected a known token in the post_processor, got ${JSON.stringify(piece)}`),
    );
  }
  return prefix;
}

/** Unicode normalisation may shorten a text; the others put something in front or replace a space by ▁. */
function keepsBytes(normalizer: unknown): boolean {
  if (normalizer === null || normalizer === undefined) return true;
  if (!isObject(normalizer)) return false;
  if (normalizer.type === 'Sequence' && Array.isArray(normalizer.normalizers))
    return normalizer.normalizers.every(keepsBytes);
  if (normalizer.type === 'Prepend') return true;
  return normalizer.type === 'Replace' && isObject(normalizer.pattern) && normalizer.pattern.String === ' ';
}

/** Two kinds of vocabulary: bytes spelt as characters (GPT-2), or ▁ for spaces and <0xNN> for odd bytes. */
function byteTable(
  decoder: unknown,
  pieces: readonly (string | null)[],
  specialIds: ReadonlySet<number>,
  where: string,
): ByteTable {
  const steps =
    isObject(decoder) && decoder.type === 'Sequence' && Array.isArray(decoder.decoders)
      ? decoder.decoders
      : [decoder];
  const shape = steps.map((step: unknown) => decoderStep(step)).join(' ');
  const spaced = (strip: ByteTable['strip']) => ({ strip, spell: spellSpaced });
  const known: Readonly<Record<string, { strip: ByteTable['strip']; spell: (piece: string) => Uint8Array }>> =
    {
      bytes: { strip: 'none', spell: spellBytes },
      'spaces fallback fuse': spaced('none'),
      'spaces fallback fuse strip': spaced('first'),
      'metaspace-first': spaced('first'),
      'metaspace-never': spaced('none'),
    };
  const kind = known[shape];
  if (kind === undefined)
    throw new GgmaError(
      'UNSUPPORTED',
      `expected one of ${Object.keys(known).join(', ')} for the decoder, got ${shape}`,
      {
        path: where,
      },
    );
  const none = new Uint8Array(0);
  return {
    bytes: pieces.map((piece, id) => (piece === null || specialIds.has(id) ? none : kind.spell(piece))),
    strip: kind.strip,
    literal: new Set(),
  };
}

function decoderStep(step: unknown): string {
  if (!isObject(step)) return 'none';
  if (step.type === 'ByteLevel') return 'bytes';
  if (step.type === 'ByteFallback') return 'fallback';
  if (step.type === 'Fuse') return 'fuse';
  const isSpaces = isObject(step.pattern) && step.pattern.String === '\u2581' && step.content === ' ';
  if (step.type === 'Replace' && isSpaces) return 'spaces';
  if (step.type === 'Strip' && step.content === ' ' && step.start === 1 && step.stop === 0) return 'strip';
  if (step.type === 'Metaspace' && step.replacement === '\u2581')
    return step.prepend_scheme === 'never' || step.add_prefix_space === false
      ? 'metaspace-never'
      : 'metaspace-first';
  return String(step.type);
}

function spellSpaced(piece: string): Uint8Array {
  const byte = byteOfPiece(piece);
  return byte === null ? Buffer.from(piece.replaceAll('\u2581', ' ')) : Uint8Array.of(byte);
}

/** A token with a character that stands for no byte (an added token) is its own text. */
function spellBytes(piece: string): Uint8Array {
  const bytes = Array.from(piece, (character) => byteOfCharacter.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : Buffer.from(piece);
}

/** GPT-2's alphabet: printable Latin-1 characters are themselves, the other bytes follow from U+0100 on. */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return new Map(
    Array.from(
      { length: 256 },
      (_, byte) => [String.fromCharCode(printable(byte) ? byte : next++), byte] as const,
    ),
  );
})();

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
