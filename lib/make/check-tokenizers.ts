/** tokenizer.json beside tokenizer.model: two files that should be one tokenizer. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GgmaError } from '../errors.ts';
import { fileNames } from '../package/index.ts';
import { loadSentencePiece, loadTokenizerJson, tokenizerDifference } from '../text/index.ts';

/**
 * @returns the first difference in words, null where there is none, undefined where not both files are there
 * @throws GgmaError TOKENIZER for a file that is none
 */
export async function tokenizersDifference(dir: string): Promise<string | null | undefined> {
  const [json, model] = [join(dir, fileNames.tokenizerJson), join(dir, fileNames.sentencePiece)];
  if (!existsSync(json) || !existsSync(model)) return undefined;
  const left = await loadSentencePiece(model);
  try {
    return tokenizerDifference(left, await loadTokenizerJson(json));
  } catch (error) {
    // tokenizer.model is the one that runs; a kind of tokenizer.json that is not known does no harm beside it.
    if (error instanceof GgmaError && error.code === 'UNSUPPORTED') return error.message;
    throw error;
  }
}
