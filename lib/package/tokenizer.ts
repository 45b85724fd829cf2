/** Which of a package's tokenizer files is loaded, and how. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tokenizer } from '../text/index.ts';
import type { PackageContents } from './contents.ts';
import { recordOf } from './manifest.ts';
import { fileNames } from './names.ts';

/**
 * From about this size on, tokenizer.json takes as long to read as sentencepiece-js to start (measured: 15 against
 * 90 ms at 1,024 pieces, the same at 32,000 and 1.2 MB).
 */
const largestQuickJson = 1_000_000;

/**
 * tokenizer.model is the one that counts. Where ggma.json says that both files give the same ids, tokenizer.json
 * encodes in its place if that is quicker; all the rest still comes from tokenizer.model.
 * @returns null where the package has neither
 * @throws GgmaError TOKENIZER, UNSUPPORTED
 */
export async function loadTokenizer(contents: PackageContents): Promise<Tokenizer | null> {
  const { sentencePiece, tokenizerJson, eosToken } = contents;
  if (sentencePiece === null && tokenizerJson === null) return null;
  const { loadJsonEncoder, loadSentencePiece, loadTokenizerJson } = await import('../text/index.ts');
  if (sentencePiece === null) return loadTokenizerJson(tokenizerJson!, eosToken);
  const isQuicker =
    tokenizerJson !== null &&
    contents.manifest?.tokenizersAgree === true &&
    (await stat(tokenizerJson)).size < largestQuickJson &&
    (await areAsChecked(contents));
  return loadSentencePiece(sentencePiece, isQuicker ? () => loadJsonEncoder(tokenizerJson) : undefined);
}

/** What was checked holds for the files that were checked, and for no others. */
export async function areAsChecked({ dir, manifest }: PackageContents): Promise<boolean> {
  for (const name of [fileNames.tokenizerJson, fileNames.sentencePiece]) {
    const then = manifest?.files[name];
    if (then === undefined || (await recordOf(join(dir, name))).sha256 !== then.sha256) return false;
  }
  return true;
}
