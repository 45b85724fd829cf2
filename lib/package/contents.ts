/** A package's directory: which files it has, and what the configuration says. The model itself is not read here. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../json.ts';
import type { ConversationFiles, SamplingDefaults } from '../runtime/index.ts';
import type { TokenizerSettings } from '../text/index.ts';
import { type PackageConfig, readConfig, readGenerationEos, readSamplingDefaults } from './config.ts';
import { readConversation } from './conversation.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { fileNames } from './names.ts';
import { type CompareOptions, requireRecorded } from './recorded.ts';
import { incomplete, notADirectory } from './refusals.ts';
import { readJsonObject, readTokenizerFiles } from './tokenizer-settings.ts';

export interface PackageContents {
  dir: string;
  /** The Circle file's path, or its bytes where the model never was a file. */
  model: string | Uint8Array;
  /** Whether there is a model.ggma. */
  hasPrepared: boolean;
  config: PackageConfig;
  /** Ids that end a generation: generation_config.json's, else config.json's; may be empty. */
  eosIds: number[];
  /** What generation_config.json recommends for drawing tokens at random. */
  sampling: SamplingDefaults;
  /** Paths; null where the package has no such file. */
  sentencePiece: string | null;
  tokenizerJson: string | null;
  tokenizerSettings: TokenizerSettings;
  /** How conversations are written and answers are read. */
  conversation: ConversationFiles;
  /** What ggma.json says; null where the package has none. */
  manifest: Manifest | null;
  warnings: string[];
}

/**
 * @param model the Circle model's bytes, for a directory without model.circle (a Hugging Face directory whose
 * export was not written to a file)
 * @param compare how the files are compared with ggma.json, before any of them is read
 * @throws GgmaError PACKAGE_NOT_FOUND, PACKAGE_INCOMPLETE (naming all that is missing), PACKAGE_DAMAGED, PACKAGE_VERSION,
 * CONFIG, IO
 */
export async function readContents(
  dir: string,
  model?: Uint8Array,
  compare: CompareOptions = { hashes: false },
): Promise<PackageContents> {
  const names = await listDirectory(dir);
  const needed = model === undefined ? [fileNames.model, fileNames.config] : [fileNames.config];
  const manifest = names.has(fileNames.manifest) ? await readManifest(dir) : null;
  if (!needed.every((name) => names.has(name))) throw incomplete(dir, names, needed, manifest?.made ?? null);
  if (model === undefined) await requireRecorded(dir, manifest, compare);
  const pathOf = (name: string): string | null => (names.has(name) ? join(dir, name) : null);

  const config = await readJsonFile(join(dir, fileNames.config), readConfig);
  const optional = async <T>(
    name: string,
    read: (file: JsonObject, where: string) => T,
  ): Promise<T | null> => (names.has(name) ? readJsonFile(join(dir, name), read) : null);
  const generation = await optional(fileNames.generationConfig, (file, where) => ({
    eosIds: readGenerationEos(file, where, config.vocabSize),
    sampling: readSamplingDefaults(file, where),
  }));
  const tokenizerFiles = await readTokenizerFiles(dir, names, config.vocabSize);
  const eosIds = generation?.eosIds.length ? generation.eosIds : config.eosIds;
  return {
    dir,
    model: model ?? join(dir, fileNames.model),
    hasPrepared: names.has(fileNames.prepared),
    config,
    eosIds,
    sampling: generation?.sampling ?? {},
    sentencePiece: pathOf(fileNames.sentencePiece),
    tokenizerJson: pathOf(fileNames.tokenizerJson),
    tokenizerSettings: tokenizerFiles.settings,
    conversation: await readConversation(dir, names, tokenizerFiles),
    manifest,
    warnings:
      eosIds.length > 0
        ? []
        : [
            `${dir}: no eos_token_id in config.json or generation_config.json: only maxTokens and stop strings end a text`,
          ],
  };
}

/** The names in a directory. @throws GgmaError PACKAGE_NOT_FOUND */
export async function listDirectory(dir: string): Promise<Set<string>> {
  try {
    const found = await stat(dir);
    if (found.isDirectory()) return new Set(await readdir(dir));
  } catch (cause) {
    throw notADirectory(dir, cause);
  }
  throw notADirectory(dir, null);
}

async function readJsonFile<T>(path: string, read: (file: JsonObject, where: string) => T): Promise<T> {
  return read(await readJsonObject(path), path);
}
