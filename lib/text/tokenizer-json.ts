/**
 * A Hugging Face `tokenizer.json`, read as far as decoding and checking need it. The library that encodes with
 * it looks at little of the file before it uses it, and its decoder loses U+FEFF and cannot stream.
 */
import { GgmaError } from '../errors.ts';
import { type AddedToken, checkId, type Fail, readAddedTokens } from './added-tokens.ts';
import { spellBytes } from './byte-level.ts';
import { byteOfPiece } from './byte-piece.ts';
import type { ByteTable } from './decoder.ts';
import { isObject, type Plain, stepsOf } from './plain.ts';
import { readTemplate } from './template.ts';

export interface TokenizerJson {
  /** The file as parsed, for the library. */
  json: Plain;
  /** Text per id; null where no token has the id. */
  pieces: (string | null)[];
  added: readonly AddedToken[];
  /** What the post-processor puts around a text. */
  prefixIds: readonly number[];
  suffixIds: readonly number[];
  unkId: number | null;
  /** Bytes per id, special tokens' own text included. */
  table: ByteTable;
  /** Pieces spell bytes as characters (GPT-2), not as <0xNN>. */
  spellsBytes: boolean;
  byteFallback: boolean;
  /** Neither normaliser nor unknown tokens make fewer bytes of a text than it has. */
  keepsBytes: boolean;
  idOf(piece: string): number | null;
}

/** Tokens and ids, each of the other once. */
class Vocabulary {
  readonly ids = new Map<string, number>();
  readonly pieces: (string | null)[] = [];
  readonly #fail: Fail;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  add(piece: string, value: unknown): void {
    const id = checkId(value, piece, this.#fail);
    const before = this.pieces[id] ?? piece;
    if (before !== piece)
      this.#fail(
        `expected one token for id ${id}, got ${JSON.stringify(before)} and ${JSON.stringify(piece)}`,
      );
    while (this.pieces.length < id) this.pieces.push(null);
    this.pieces[id] = piece;
    this.ids.set(piece, id);
  }

  readonly idOf = (piece: string): number | null => this.ids.get(piece) ?? null;
}

/**
 * @param text the file
 * @param where its path, for messages
 * @throws GgmaError TOKENIZER
 */
export function parseTokenizerJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GgmaError('TOKENIZER', 'expected a tokenizer in JSON, got something else', {
      path: where,
      cause,
    });
  }
}

/**
 * @param maxIds added tokens from this id on have no row in the model and are left out
 * @throws GgmaError TOKENIZER where the file does not hold together, UNSUPPORTED for a decoder that is not known
 */
export function readTokenizerJson(json: unknown, where: string, maxIds = Infinity): TokenizerJson {
  const fail: Fail = (message, cause) => {
    throw new GgmaError('TOKENIZER', message, { path: where, cause });
  };
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
  const added = readAddedTokens(json.added_tokens, fail).filter(
    ({ id, content }) => id < maxIds || ids.has(content),
  );
  for (const { content, id } of added) vocabulary.add(content, id);

  const unkId = typeof model.unk_token === 'string' ? idOf(model.unk_token) : null;
  if (typeof model.unk_token === 'string' && unkId === null)
    return fail(`expected the unk_token ${JSON.stringify(model.unk_token)} in "vocab", got none`);
  checkMerges(model.merges, ids, fail);
  const byteFallback = model.byte_fallback === true;
  if (byteFallback && [...ids.keys()].filter((piece) => byteOfPiece(piece) !== null).length !== 256)
    return fail('expected 256 byte tokens <0x00> … <0xFF> for byte_fallback, got fewer');
  const { strip, spell } = spelling(json.decoder, where);
  const none = new Uint8Array(0);
  return {
    json,
    pieces,
    added,
    ...readTemplate(json.post_processor, idOf, fail),
    unkId,
    table: {
      bytes: pieces.map((piece) => (piece === null ? none : spell(piece))),
      strip,
      literal: new Set(),
    },
    spellsBytes: spell === spellBytes,
    byteFallback,
    keepsBytes: stepsOf(json.normalizer, 'normalizers').every(keepsBytes) && (byteFallback || unkId === null),
    idOf,
  };
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

/** Unicode normalisation may shorten a text; these put something in front or replace a space by ▁. */
function keepsBytes(normalizer: unknown): boolean {
  if (!isObject(normalizer)) return false;
  if (normalizer.type === 'Prepend') return true;
  return normalizer.type === 'Replace' && isObject(normalizer.pattern) && normalizer.pattern.String === ' ';
}

interface Spelling {
  strip: ByteTable['strip'];
  spell: (piece: string) => Uint8Array;
}

/** Two kinds of vocabulary: bytes spelt as characters (GPT-2), or ▁ for spaces and <0xNN> for odd bytes. */
function spelling(decoder: unknown, where: string): Spelling {
  const steps = decoder === null || decoder === undefined ? [null] : stepsOf(decoder, 'decoders');
  const shape = steps.map(decoderStep).join(' ');
  const spaced = (strip: ByteTable['strip']): Spelling => ({ strip, spell: spellSpaced });
  const known: Readonly<Record<string, Spelling>> = {
    bytes: { strip: 'none', spell: spellBytes },
    'spaces fallback fuse': spaced('none'),
    'spaces fallback fuse strip': spaced('first'),
    'metaspace-first': spaced('first'),
    'metaspace-never': spaced('none'),
  };
  const kind = Object.hasOwn(known, shape) ? known[shape] : undefined;
  if (kind !== undefined) return kind;
  throw new GgmaError(
    'UNSUPPORTED',
    `expected one of ${Object.keys(known).join(', ')} for the decoder, got ${shape}`,
    { path: where },
  );
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
