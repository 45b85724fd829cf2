/** Checks a Hugging Face directory before the import keeps it: what would stop the export, and what is odd. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notFinite, openHuggingFace } from '../checkpoint/index.ts';
import { checkConfig, exportInput } from '../export/index.ts';
import { fileNames } from '../package/index.ts';
import { tokenizersDifference } from './check-tokenizers.ts';

/** The check that needs no weights: it runs before they are fetched, which may take long. @throws GgmaError CONFIG, UNSUPPORTED */
export async function checkImportedConfig(dir: string): Promise<void> {
  const path = join(dir, fileNames.config);
  checkConfig(await readFile(path), path);
}

/**
 * @param onRead told each tensor's name before it is looked at
 * @returns whether both tokenizers agree (null: not both are there), and warnings
 * @throws GgmaError CONFIG, SAFETENSORS_*, SHARD, TOKENIZER
 */
export async function checkImported(
  dir: string,
  onRead: (tensor: string) => void,
): Promise<{ tokenizersAgree: boolean | null; warnings: string[] }> {
  const warnings: string[] = [];
  const checkpoint = openHuggingFace(dir);
  exportInput(checkpoint);
  const odd = [...notFinite(checkpoint, onRead)];
  for (const name of odd.slice(0, 5))
    warnings.push(`'${name}' holds values that are not finite (NaN or infinity)`);
  if (odd.length > 5) warnings.push(`and so do ${odd.length - 5} more tensors`);
  const difference = await tokenizersDifference(dir);
  if (typeof difference === 'string')
    warnings.push(
      `tokenizer.model and tokenizer.json disagree: ${difference}; tokenizer.model is the one that is used`,
    );
  return { tokenizersAgree: difference === undefined ? null : difference === null, warnings };
}
