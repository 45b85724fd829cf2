/** A tokenizer from what a package has, as bytes and parsed JSON: the files, or metadata of another format. */
import { readFile } from 'node:fs/promises';
import { GgmaError } from '../errors.ts';
import type { Fail } from './added-tokens.ts';
import { readAddedTokens } from './added-tokens.ts';
import { GrowingEncoder } from './encoder.ts';
import { jsonEncoder, tokenizerJsonParts } from './huggingface.ts';
import { readJsonHead } from './json-head.ts';
import { libraryJson } from './library-json.ts';
import { isObject } from './plain.ts';
import { type Companion, sentencePieceParts } from './sentencepiece.ts';
import { noSettings, type TokenizerSettings } from './settings.ts';
import { TableTokenizer } from './table-tokenizer.ts';
import { readTemplate } from './template.ts';
import type { Tokenizer } from './tokenizer.ts';
import { parseTokenizerJson, readTokenizerJson } from './tokenizer-json.ts';

export interface TokenizerSource {
  /** A SentencePiece model. Where it is there, it says which ids a text has. */
  sentencePiece?: { readonly bytes: Uint8Array; readonly where: string };
  /** A parsed tokenizer.json, or an object like it. Beside a SentencePiece model it says which tokens are special. */
  json?: { readonly value: unknown; readonly where: string };
  settings?: TokenizerSettings;
  /**
   * Both have been shown to give the same ids, and starting the JSON one is quicker: it encodes until so much has been
   * encoded that SentencePiece, which takes longer to start and is many times faster then, is worth it.
   */
  agree?: boolean;
}

/** @throws GgmaError TOKENIZER, UNSUPPORTED */
export async function createTokenizer({
  sentencePiece,
  json,
  settings = noSettings,
  agree = false,
}: TokenizerSource): Promise<Tokenizer> {
  if (sentencePiece === undefined) {
    if (json === undefined) throw new GgmaError('TOKENIZER', 'expected a tokenizer to be made of something');
    return new TableTokenizer(await tokenizerJsonParts(json.value, json.where, settings));
  }
  const { bytes, where } = sentencePiece;
  const companion = json === undefined ? null : readCompanion(json.value, json.where);
  const { start, ...parts } = sentencePieceParts(bytes, where, settings, companion);
  if (!agree || json === undefined) return new TableTokenizer({ ...parts, encoder: await start() });
  const file = readTokenizerJson(json.value, json.where, settings.maxIds);
  const specialIds = new Set(Array.from(parts.specials.values(), ({ id }) => id));
  // tokenizer.json calls the unknown token special too, and a text must not make it either.
  for (const token of file.added) if (token.special) specialIds.add(token.id);
  const { encoder } = await jsonEncoder(file, specialIds, json.where);
  return new TableTokenizer({ ...parts, encoder: new GrowingEncoder(encoder, start) });
}

/** The head of a tokenizer.json, which says enough even where ggma does not know the model in it. */
function readCompanion(value: unknown, where: string): Companion | null {
  if (!isObject(value)) return null;
  const fail: Fail = (message, cause) => {
    throw new GgmaError('TOKENIZER', message, { path: where, cause });
  };
  const added = readAddedTokens(value.added_tokens, fail);
  const vocab = isObject(value.model) && isObject(value.model.vocab) ? value.model.vocab : {};
  const idOf = (piece: string): number | null => {
    const id = added.find(({ content }) => content === piece)?.id ?? vocab[piece];
    return typeof id === 'number' ? id : null;
  };
  return {
    added,
    ...readTemplate(value.post_processor, idOf, fail),
    opens: libraryJson(value, () => false).opens,
  };
}

/** @throws GgmaError TOKENIZER, UNSUPPORTED */
export async function loadTokenizerJson(path: string, settings?: TokenizerSettings): Promise<Tokenizer> {
  const json = await readTokenizerJsonFile(path);
  return createTokenizer({ json, ...(settings === undefined ? {} : { settings }) });
}

/** @throws GgmaError TOKENIZER naming the file and what is wrong with it */
export async function loadSentencePiece(path: string, settings?: TokenizerSettings): Promise<Tokenizer> {
  const sentencePiece = await readSentencePieceFile(path);
  return createTokenizer({ sentencePiece, ...(settings === undefined ? {} : { settings }) });
}

/** @throws GgmaError TOKENIZER */
export async function readTokenizerJsonFile(path: string): Promise<NonNullable<TokenizerSource['json']>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GgmaError('TOKENIZER', 'expected a readable tokenizer.json', { path, cause });
  });
  return { value: parseTokenizerJson(text, path), where: path };
}

/**
 * What a SentencePiece tokenizer needs of a tokenizer.json beside it, without the vocabulary if possible.
 * @throws GgmaError TOKENIZER
 */
export async function readTokenizerJsonHead(path: string): Promise<NonNullable<TokenizerSource['json']>> {
  // A file that cannot be read is refused by the one who reads it whole.
  const head = await readJsonHead(path).catch(() => null);
  return head === null ? readTokenizerJsonFile(path) : { value: head, where: path };
}

/** @throws GgmaError TOKENIZER */
export async function readSentencePieceFile(
  path: string,
): Promise<NonNullable<TokenizerSource['sentencePiece']>> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new GgmaError('TOKENIZER', 'expected a readable SentencePiece model', { path, cause });
  });
  return { bytes, where: path };
}
