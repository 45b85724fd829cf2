/**
 * tokenizer_config.json (and special_tokens_map.json and added_tokens.json of older directories) as far as
 * tokenizers need it: the one reader of these files.
 */
import { GgmaError } from '../errors.ts';
import { type AddedToken, checkId, type Fail, readAddedToken } from './added-tokens.ts';
import { isObject, type Plain } from './plain.ts';

export interface TokenizerSettings {
  /** Texts of these tokens; null where no file says. */
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  readonly unkToken: string | null;
  readonly padToken: string | null;
  /** Whether ids are put around a text; null: as the tokenizer itself has it. */
  readonly addBos: boolean | null;
  readonly addEos: boolean | null;
  /** false: a text behind a special token is encoded without a space in front. */
  readonly legacy: boolean | null;
  /** Tokens beside the vocabulary proper. */
  readonly added: readonly AddedToken[];
  /** Ids from this one on have no row in the model: added tokens beyond are left out. */
  readonly maxIds: number;
}

export const noSettings: TokenizerSettings = {
  bosToken: null,
  eosToken: null,
  unkToken: null,
  padToken: null,
  addBos: null,
  addEos: null,
  legacy: null,
  added: [],
  maxIds: Infinity,
};

/** Parsed files; absent ones are undefined. */
export interface SettingsFiles {
  /** tokenizer_config.json */
  config?: unknown;
  /** special_tokens_map.json; what tokenizer_config.json says counts more. */
  specialTokensMap?: unknown;
  /** added_tokens.json: text → id. */
  addedTokens?: unknown;
}

/** @param where the directory, for messages @throws GgmaError CONFIG */
export function readTokenizerSettings(files: SettingsFiles, where: string): TokenizerSettings {
  const failIn =
    (name: string): Fail =>
    (message, cause) => {
      throw new GgmaError('CONFIG', message, { path: `${where}: ${name}`, cause });
    };
  const failConfig = failIn('tokenizer_config.json');
  const failMap = failIn('special_tokens_map.json');
  const config = objectOf(files.config, failConfig);
  const map = objectOf(files.specialTokensMap, failMap);
  const flag = (name: string): boolean | null => {
    const value = config[name];
    if (value === undefined || value === null || typeof value === 'boolean') return value ?? null;
    return failConfig(`expected true or false for ${name}, got ${JSON.stringify(value)}`);
  };
  const token = (name: string): string | null =>
    tokenText(config[name], name, failConfig) ?? tokenText(map[name], name, failMap);
  return {
    bosToken: token('bos_token'),
    eosToken: token('eos_token'),
    unkToken: token('unk_token'),
    padToken: token('pad_token'),
    addBos: flag('add_bos_token'),
    addEos: flag('add_eos_token'),
    legacy: flag('legacy'),
    added: readAdded(config.added_tokens_decoder, files.addedTokens, failConfig, failIn('added_tokens.json')),
    maxIds: Infinity,
  };
}

function objectOf(file: unknown, fail: Fail): Plain {
  if (file === undefined) return {};
  return isObject(file) ? file : fail('expected a JSON object');
}

/** Older files hold an object in place of the text. */
function tokenText(value: unknown, name: string, fail: Fail): string | null {
  const text = isObject(value) ? value.content : value;
  if (text === undefined || text === null) return null;
  return typeof text === 'string' ? text : fail(`expected a text for ${name}, got ${JSON.stringify(text)}`);
}

/** added_tokens.json says less, so it counts only where tokenizer_config.json says nothing. */
function readAdded(decoder: unknown, list: unknown, failConfig: Fail, failList: Fail): AddedToken[] {
  if (decoder !== undefined && decoder !== null) {
    if (!isObject(decoder)) return failConfig('expected an object for added_tokens_decoder');
    return Object.entries(decoder).map(([id, token]) => readAddedToken(token, id, failConfig));
  }
  return Object.entries(objectOf(list, failList)).map(([content, id]) => ({
    id: checkId(id, content, failList),
    content,
    special: true,
    stripsLeft: false,
    stripsRight: false,
    matchesOddly: false,
  }));
}
