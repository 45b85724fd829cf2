/** tokenizer.json: @huggingface/tokenizers encodes; decoding goes over a table of bytes, as for SentencePiece. */
import { readFile } from 'node:fs/promises';
import type { Tokenizer as Library } from '@huggingface/tokenizers';
import { GgmaError } from '../errors.ts';
import { tableDecoder } from './decoder.ts';
import {
  checkText,
  checkTokenId,
  type EncodeOptions,
  type StreamDecoder,
  type TokenIds,
  type Tokenizer,
} from './tokenizer.ts';
import { readTokenizerJson, type TokenizerJson } from './tokenizer-json.ts';

/**
 * @param eosToken the text of the end-of-sequence token, which tokenizer.json does not say (tokenizer_config.json)
 * @throws GgmaError TOKENIZER, UNSUPPORTED
 */
export async function loadTokenizerJson(path: string, eosToken: string | null = null): Promise<Tokenizer> {
  const { file, library } = await loadLibrary(path);
  return new HuggingFaceTokenizer(file, library, eosToken);
}

/** Only the encoding half, for a tokenizer that decodes in its own way. @throws GgmaError TOKENIZER, UNSUPPORTED */
export async function loadJsonEncoder(path: string): Promise<(text: string) => number[]> {
  const { library } = await loadLibrary(path);
  return (text) => encodeWith(library, text);
}

async function loadLibrary(path: string): Promise<{ file: TokenizerJson; library: Library }> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GgmaError('TOKENIZER', 'expected a readable tokenizer.json', { path, cause });
  });
  const file = readTokenizerJson(text, path);
  const { Tokenizer: LibraryTokenizer } = await import('@huggingface/tokenizers');
  try {
    return { file, library: new LibraryTokenizer(literalText(file), {}) };
  } catch (cause) {
    throw new GgmaError('TOKENIZER', 'expected @huggingface/tokenizers to take the tokenizer', {
      path,
      cause,
    });
  }
}

/** @throws GgmaError INPUT */
function encodeWith(library: Library, text: string): number[] {
  const ids: readonly (number | undefined)[] = library.encode(text, { add_special_tokens: false }).ids;
  // A character that neither the vocabulary nor an unknown token stands for has no id.
  if (ids.some((id) => id === undefined))
    throw new GgmaError(
      'INPUT',
      'expected a text that the vocabulary can spell, got one with other characters',
    );
  return ids as number[];
}

/**
 * The file without special tokens and post-processor: the library would find "</s>" in a user's text and end it
 * there. Added tokens that are not special (a run of newlines, say) are part of the vocabulary and stay.
 */
function literalText({ json, specialIds }: TokenizerJson): object {
  const added = (json.added_tokens ?? []) as { id: number }[];
  return {
    pre_tokenizer: null,
    normalizer: null,
    ...json,
    added_tokens: added.filter(({ id }) => !specialIds.has(id)),
    decoder: null,
    post_processor: null,
  };
}

class HuggingFaceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly unkId: number | null;
  readonly specialIds: ReadonlySet<number>;
  readonly #file: TokenizerJson;
  readonly #library: Library;
  readonly #longestPiece: number;

  constructor(file: TokenizerJson, library: Library, eosToken: string | null) {
    this.#file = file;
    this.#library = library;
    this.vocabSize = file.pieces.length;
    this.bosId = file.prefixIds[0] ?? null;
    this.eosId = eosToken === null ? null : file.idOf(eosToken);
    this.unkId = file.unkId;
    this.specialIds = file.specialIds;
    this.#longestPiece = file.table.bytes.reduce((longest, bytes) => Math.max(longest, bytes.length), 1);
  }

  encode(text: string, { addBos = true }: EncodeOptions = {}): Int32Array {
    const ids = encodeWith(this.#library, checkText(text));
    return Int32Array.from(addBos ? [...this.#file.prefixIds, ...ids] : ids);
  }

  decode(ids: TokenIds): string {
    const decoder = this.streamDecoder();
    return decoder.push(ids) + decoder.end();
  }

  idToPiece(id: number): string {
    return this.#file.pieces[checkTokenId(id, this.vocabSize)] ?? '';
  }

  streamDecoder(): StreamDecoder {
    return tableDecoder(this.#file.table);
  }

  fewestTokens(text: string): number {
    return this.#file.keepsBytes ? Math.ceil(Buffer.byteLength(text) / this.#longestPiece) : 0;
  }
}
