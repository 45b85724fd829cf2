/** tokenizer_config.json and the files that older directories have beside it: read once, for tokenizer and chats. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type JsonObject, parseJsonObject } from '../json.ts';
import { withSystemErrors } from '../system-error.ts';
import { readTokenizerSettings, type TokenizerSettings } from '../text/index.ts';
import { fileNames } from './names.ts';

export interface TokenizerFiles {
  /** tokenizer_config.json; empty where there is none. */
  config: JsonObject;
  settings: TokenizerSettings;
}

/**
 * @param names the files of the directory
 * @param vocabSize tokens beyond have no row in the model
 * @throws GgmaError CONFIG
 */
export async function readTokenizerFiles(
  dir: string,
  names: ReadonlySet<string>,
  vocabSize: number,
): Promise<TokenizerFiles> {
  const read = async (name: string): Promise<JsonObject> =>
    names.has(name) ? readJsonObject(join(dir, name)) : {};
  const [config, specialTokensMap, addedTokens] = await Promise.all([
    read(fileNames.tokenizerConfig),
    read(fileNames.specialTokensMap),
    read(fileNames.addedTokens),
  ]);
  const settings = readTokenizerSettings({ config, specialTokensMap, addedTokens }, dir);
  return { config, settings: { ...settings, maxIds: vocabSize } };
}

/** @throws GgmaError CONFIG */
export async function readJsonObject(path: string): Promise<JsonObject> {
  const bytes = await withSystemErrors({ path, code: 'CONFIG', expected: 'a readable file' }, () =>
    readFile(path),
  );
  return parseJsonObject(bytes, path);
}
