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
const MAX_QUICK_JSON = 1_000_000;

/**
 * tokenizer.model says which ids a text has, where it is there; tokenizer.json and tokenizer_config.json say which
 * tokens are special and what stands around a text. Where ggma.json says that both files give the same ids,
 * tokenizer.json encodes short texts if that is quicker to start.
 * @returns null where the package has neither
 * @throws GgmaError TOKENIZER, UNSUPPORTED
 */
export async function loadTokenizer(contents: PackageContents): Promise<Tokenizer | null> {
  const { sentencePiece, tokenizerJson, tokenizerSettings: settings } = contents;
  if (sentencePiece === null && tokenizerJson === null) return null;
  const text = await import('../text/index.ts');
  if (sentencePiece === null)
    return text.createTokenizer({ json: await text.readTokenizerJsonFile(tokenizerJson!), settings });
  const model = await text.readSentencePieceFile(sentencePiece);
  if (tokenizerJson === null) return text.createTokenizer({ sentencePiece: model, settings });
  const agree = await isQuicker(tokenizerJson, contents);
  const json = await (agree ? text.readTokenizerJsonFile : text.readTokenizerJsonHead)(tokenizerJson);
  return text.createTokenizer({ sentencePiece: model, json, settings, agree });
}

async function isQuicker(tokenizerJson: string, contents: PackageContents): Promise<boolean> {
  if (contents.manifest?.tokenizersAgree !== true) return false;
  return (await stat(tokenizerJson)).size < MAX_QUICK_JSON && areAsChecked(contents);
}

/** What was checked holds for the files that were checked, and for no others. */
export async function areAsChecked({ dir, manifest }: PackageContents): Promise<boolean> {
  for (const name of [fileNames.tokenizerJson, fileNames.sentencePiece]) {
    const then = manifest?.files[name];
    if (then === undefined || (await recordOf(join(dir, name))).sha256 !== then.sha256) return false;
  }
  return true;
}
