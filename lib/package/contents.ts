/** A package's directory: which files it has, and what the configuration says. The model itself is not read yet. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GgmaError } from '../errors.ts';
import { type JsonObject, parseJsonObject } from '../json.ts';
import type { SamplingDefaults } from '../runtime/index.ts';
import {
  type PackageConfig,
  readConfig,
  readEosToken,
  readGenerationEos,
  readSamplingDefaults,
} from './config.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { fileNames } from './names.ts';

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
  /** The text of the end-of-sequence token, where tokenizer_config.json names it. */
  eosToken: string | null;
  /** What ggma.json says; null where the package has none. */
  manifest: Manifest | null;
  warnings: string[];
}

/**
 * @param model the Circle model's bytes, for a directory without model.circle (a Hugging Face directory whose
 * export was not written to a file)
 * @throws GgmaError PACKAGE_NOT_FOUND, PACKAGE_INCOMPLETE (naming all that is missing), PACKAGE_VERSION, CONFIG
 */
export async function readContents(dir: string, model?: Uint8Array): Promise<PackageContents> {
  const names = await listDirectory(dir);
  const needed = model === undefined ? [fileNames.model, fileNames.config] : [fileNames.config];
  const missing = needed.filter((name) => !names.has(name));
  if (missing.length > 0)
    throw new GgmaError(
      'PACKAGE_INCOMPLETE',
      `expected ${needed.join(' and ')}, missing ${missing.join(' and ')}`,
      {
        path: dir,
      },
    );
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
    eosToken: await optional(fileNames.tokenizerConfig, readEosToken),
    manifest: await readManifest(dir),
    warnings:
      eosIds.length > 0
        ? []
        : [
            `${dir}: no eos_token_id in config.json or generation_config.json: only maxTokens and stop strings end a text`,
          ],
  };
}

async function listDirectory(dir: string): Promise<Set<string>> {
  try {
    const found = await stat(dir);
    if (found.isDirectory()) return new Set(await readdir(dir));
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new GgmaError('PACKAGE_NOT_FOUND', `expected a readable package directory${reason}`, {
      path: dir,
      cause,
    });
  }
  throw new GgmaError('PACKAGE_NOT_FOUND', 'expected a package directory, got a file', { path: dir });
}

async function readJsonFile<T>(path: string, read: (file: JsonObject, where: string) => T): Promise<T> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new GgmaError('CONFIG', 'expected a readable file', { path, cause });
  });
  return read(parseJsonObject(bytes, path), path);
}
