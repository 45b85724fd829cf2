/** tokenizer.json: @huggingface/tokenizers encodes; decoding goes over a table of bytes, as for SentencePiece. */
import type { Tokenizer as Library } from '@huggingface/tokenizers';
import { GgmaError } from '../errors.ts';
import { specialsOf } from './added-tokens.ts';
import { type CutRule, pairCuts, patternCuts } from './cuts.ts';
import type { Encoder } from './encoder.ts';
import { isolatedPatterns, libraryJson, opensAlways } from './library-json.ts';
import { hasType, isObject, type Plain, stepsOf } from './plain.ts';
import { noSettings, type TokenizerSettings } from './settings.ts';
import type { TokenizerParts } from './table-tokenizer.ts';
import { readTokenizerJson, type TokenizerJson } from './tokenizer-json.ts';

/**
 * @param json tokenizer.json, parsed, or an object like it
 * @param where its path, for messages
 * @throws GgmaError TOKENIZER, UNSUPPORTED
 */
export async function tokenizerJsonParts(
  json: unknown,
  where: string,
  settings: TokenizerSettings = noSettings,
): Promise<TokenizerParts> {
  const file = readTokenizerJson(json, where, settings.maxIds);
  const specials = specialsOf(file.added);
  const specialIds = new Set(Array.from(specials.values(), ({ id }) => id));
  const { encoder, opens } = await jsonEncoder(file, specialIds, where);
  const idOf = (token: string | null): number | null => (token === null ? null : file.idOf(token));
  const bosId = idOf(settings.bosToken) ?? file.prefixIds[0] ?? null;
  const eosId = idOf(settings.eosToken);
  return {
    encoder,
    table: withoutText(file.table, specialIds),
    pieces: file.pieces,
    specials,
    bosId,
    eosId,
    unkId: file.unkId,
    prefixIds: around(settings.addBos, file.prefixIds, bosId),
    suffixIds: around(settings.addEos, file.suffixIds, eosId),
    opens,
    keepsBytes: file.keepsBytes,
  };
}

/** What stands before or behind a text: as the settings say, otherwise as the tokenizer has it. */
export function around(wanted: boolean | null, ids: readonly number[], id: number | null): readonly number[] {
  if (wanted === false) return [];
  return wanted === true && ids.length === 0 && id !== null ? [id] : ids;
}

function withoutText<T extends { bytes: readonly Uint8Array[] }>(table: T, ids: ReadonlySet<number>): T {
  const none = new Uint8Array(0);
  return { ...table, bytes: table.bytes.map((bytes, id) => (ids.has(id) ? none : bytes)) };
}

/** @param specialIds what a text never becomes @throws GgmaError TOKENIZER */
export async function jsonEncoder(
  file: TokenizerJson,
  specialIds: ReadonlySet<number>,
  where: string,
): Promise<{ encoder: Encoder; opens: 'each' | 'first' }> {
  const { Tokenizer: LibraryTokenizer } = await import('@huggingface/tokenizers');
  const {
    file: opening,
    continuing,
    opens,
  } = libraryJson(file.json, (id) => specialIds.has(id) || file.pieces[id] === undefined);
  try {
    const library = new LibraryTokenizer(opening, {});
    const small = new LibraryTokenizer(
      { ...opening, ...continuing, added_tokens: [], model: { type: 'BPE', vocab: {}, merges: [] } },
      {},
    );
    return { encoder: new LibraryEncoder(library, small, cutsOf(file, specialIds)), opens };
  } catch (cause) {
    throw new GgmaError('TOKENIZER', 'expected @huggingface/tokenizers to take the tokenizer', {
      path: where,
      cause,
    });
  }
}

type Steps = Pick<Library, 'normalizer' | 'pre_tokenizer'>;

class LibraryEncoder implements Encoder {
  readonly cuts: CutRule | null;
  readonly #library: Library;
  readonly #opening: Steps;
  readonly #continuing: Steps;

  /** @param continuing has the steps for texts that go on; the vocabulary is the same, and need not be there twice */
  constructor(library: Library, continuing: Steps, cuts: CutRule | null) {
    this.#library = library;
    this.#opening = { normalizer: library.normalizer, pre_tokenizer: library.pre_tokenizer };
    this.#continuing = continuing;
    this.cuts = cuts;
  }

  encode(text: string, opens: boolean): number[] {
    const { normalizer, pre_tokenizer } = opens ? this.#opening : this.#continuing;
    this.#library.normalizer = normalizer;
    this.#library.pre_tokenizer = pre_tokenizer;
    const ids: readonly (number | undefined)[] = this.#library.encode(text, {
      add_special_tokens: false,
    }).ids;
    // A character that neither the vocabulary nor an unknown token stands for has no id.
    if (ids.includes(undefined))
      throw new GgmaError(
        'INPUT',
        'expected a text that the vocabulary can spell, got one with other characters',
      );
    return ids as number[];
  }
}

function cutsOf(file: TokenizerJson, specialIds: ReadonlySet<number>): CutRule | null {
  const { json, added } = file;
  const normalizers = stepsOf(json.normalizer, 'normalizers');
  const steps = stepsOf(json.pre_tokenizer, 'pretokenizers');
  // These are found in a text before anything else, and the text is split around them.
  const kept = added.filter(({ id }) => !specialIds.has(id));
  if (kept.some((token) => token.matchesOddly)) return null;
  if (file.spellsBytes) {
    const patterns = isolatedPatterns(json);
    if (patterns === null || !normalizers.every((step) => hasType(step, 'NFC'))) return null;
    return patternCuts(
      patterns,
      kept.map(({ content }) => content),
    );
  }
  const { end_of_word_suffix, continuing_subword_prefix, ignore_merges } = json.model as Plain;
  // A part of a text may be a token in the vocabulary that merging never makes; then only the part would become it.
  if (ignore_merges === true || end_of_word_suffix || continuing_subword_prefix || !file.byteFallback)
    return null;
  if (!normalizers.every((step) => marksSpaces(step) || hasType(step, 'Prepend'))) return null;
  if (!steps.every((step) => hasType(step, 'Metaspace') || isSpaceSplit(step))) return null;
  // With such steps, the text behind an added token gets a space in front; in a part, nothing says which one that is.
  const opensOften = normalizers.some((step) => hasType(step, 'Prepend')) || steps.some(opensAlways);
  return kept.length > 0 && opensOften ? null : pairCuts(() => file.pieces.filter((piece) => piece !== null));
}

function marksSpaces(step: unknown): boolean {
  if (!isObject(step) || !isObject(step.pattern)) return false;
  return step.type === 'Replace' && step.pattern.String === ' ' && step.content === '\u2581';
}

/** Gemma's: all spaces are ▁ by then, so it splits nothing. */
function isSpaceSplit(step: unknown): boolean {
  return isObject(step) && step.type === 'Split' && isObject(step.pattern) && step.pattern.String === ' ';
}
