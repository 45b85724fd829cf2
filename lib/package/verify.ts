/** Everything that can be said of a package without running it: its files against ggma.json, its model against the format. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { listDirectory } from './contents.ts';
import { readManifest } from './manifest.ts';
import { fileNames } from './names.ts';
import { compareRecorded, type FileProblem } from './recorded.ts';
import { packagePath } from './refusals.ts';

export interface PackageFinding extends Omit<Finding, 'code'> {
  /** A finding of `o2o verify --codes`, CIRCLE_CORRUPT and the like for a model that cannot be read, or a file's problem. */
  code: string;
}

export interface PackageVerification {
  /** Files whose hashes were compared; null: the folder has no ggma.json. */
  recorded: number | null;
  /** Of the files first, `path` being the file's name; then of the model, `path` being a place in it. */
  findings: PackageFinding[];
  /** How many there are; `findings` holds at most 1,000 of the model's. */
  errors: number;
  warnings: number;
}

/** What each problem of a file means; `o2o verify --codes` lists them beside those of models. */
export const fileProblems: Readonly<Record<FileProblem, string>> = {
  FILE_MISSING: 'a file that ggma.json records and that is not there',
  FILE_SIZE: 'a file of another size than ggma.json records',
  FILE_HASH: 'a file of the right size with another content than ggma.json records',
};

/**
 * Compares every file that ggma.json records with its size and hash, and checks model.circle as `o2o verify` does.
 * An imported Hugging Face directory can be verified too: it has recorded files and no model.circle.
 * @param dir the directory's path, or a file: URL
 * @throws GgmaError PACKAGE_NOT_FOUND; PACKAGE_INCOMPLETE for a folder with neither ggma.json nor model.circle;
 * PACKAGE_VERSION, CONFIG for a ggma.json that cannot be understood; IO, INPUT; the signal's reason
 */
export async function verifyPackage(
  dir: string | URL,
  { signal }: { signal?: AbortSignal } = {},
): Promise<PackageVerification> {
  const path = packagePath('verifyPackage', dir);
  await listDirectory(path);
  const manifest = await readManifest(path);
  const model = join(path, fileNames.model);
  const hasModel = existsSync(model);
  if (manifest === null && !hasModel)
    throw new GgmaError(
      'PACKAGE_INCOMPLETE',
      `expected ${fileNames.model} or ${fileNames.manifest}, got a folder with neither`,
      { path },
    );
  const result: PackageVerification = { recorded: null, findings: [], errors: 0, warnings: 0 };
  if (manifest !== null) {
    result.recorded = Object.keys(manifest.files).length;
    for (const { code, file, message } of await compareRecorded(path, manifest, { hashes: true, signal })) {
      result.findings.push({ code, level: 'error', path: file, message });
      result.errors++;
    }
  }
  signal?.throwIfAborted();
  if (hasModel) await addModel(result, model);
  return result;
}

async function addModel(result: PackageVerification, path: string): Promise<void> {
  const { openModel, verifyModel } = await import('../circle/index.ts');
  try {
    const opened = openModel(path);
    try {
      const { findings, errors, warnings } = verifyModel(opened.model);
      result.findings.push(...findings);
      result.errors += errors;
      result.warnings += warnings;
    } finally {
      opened.close();
    }
  } catch (error) {
    if (!(error instanceof GgmaError) || !error.code.startsWith('CIRCLE_')) throw error;
    const { code, message, path: at = path } = error;
    result.findings.push({ code, level: 'error', path: at === path ? 'model' : at, message });
    result.errors++;
  }
}
