/** tokenizer.json beside tokenizer.model: two files that should be one tokenizer. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GgmaError } from '../errors.ts';
import { fileNames, readTokenizerFiles } from '../package/index.ts';
import {
  createTokenizer,
  readSentencePieceFile,
  readTokenizerJsonFile,
  tokenizerDifference,
} from '../text/index.ts';

/**
 * @returns the first difference in words, null where there is none, undefined where not both files are there
 * @throws GgmaError TOKENIZER for a file that is none, CONFIG for a tokenizer_config.json that is none
 */
export async function tokenizersDifference(dir: string): Promise<string | null | undefined> {
  const [json, model] = [join(dir, fileNames.tokenizerJson), join(dir, fileNames.sentencePiece)];
  if (!existsSync(json) || !existsSync(model)) return undefined;
  const file = await readTokenizerJsonFile(json);
  // As a package loads it: tokenizer.json says which tokens are special, and what comes around a text.
  const { settings } = await readTokenizerFiles(dir, new Set(await readdir(dir)), Infinity);
  const sentencePiece = await readSentencePieceFile(model);
  const left = await createTokenizer({ sentencePiece, json: file, settings });
  try {
    return tokenizerDifference(left, await createTokenizer({ json: file, settings }));
  } catch (error) {
    // tokenizer.model is the one that encodes, so a kind of tokenizer.json that ggma cannot run does no harm beside it.
    if (error instanceof GgmaError && error.code === 'UNSUPPORTED') return error.message;
    throw error;
  }
}
