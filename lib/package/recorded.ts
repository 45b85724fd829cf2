/** A folder's files against what ggma.json recorded when ggma made it: sizes at every load, hashes where asked for. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GgmaError } from '../errors.ts';
import { isAbsent, withSystemErrors } from '../system-error.ts';
import { type FileRecord, type Manifest, recordOf } from './manifest.ts';
import { fileNames } from './names.ts';

export type FileProblem = 'FILE_MISSING' | 'FILE_SIZE' | 'FILE_HASH';

/** One file that is not what ggma.json says. */
export interface FileFinding {
  code: FileProblem;
  /** The file's name within the folder. */
  file: string;
  /** Expected X, got Y. */
  message: string;
}

export interface CompareOptions {
  /** Read every file and compare its hash; otherwise sizes alone are compared. */
  hashes: boolean;
  signal?: AbortSignal | undefined;
}

/** Files that differ from their records, in the order of the records. @throws GgmaError IO, INPUT; the signal's reason */
export async function compareRecorded(
  dir: string,
  { files }: Pick<Manifest, 'files'>,
  { hashes, signal }: CompareOptions,
): Promise<FileFinding[]> {
  const findings: FileFinding[] = [];
  for (const [file, record] of Object.entries(files)) {
    signal?.throwIfAborted();
    const found = await compareFile(join(dir, file), file, record, hashes);
    if (found !== null) findings.push(found);
  }
  return findings;
}

async function compareFile(
  path: string,
  file: string,
  { size, sha256 }: FileRecord,
  hashes: boolean,
): Promise<FileFinding | null> {
  const found = await withSystemErrors({ path, code: 'INPUT', expected: 'a readable file' }, async () =>
    stat(path).catch((error: unknown) => {
      if (isAbsent(error)) return null;
      throw error;
    }),
  );
  if (found === null)
    return { code: 'FILE_MISSING', file, message: `expected ${size} bytes, got no such file` };
  if (found.size !== size) {
    const extent = found.size < size ? `; it holds ${found.size} of ${size} bytes` : '';
    return { code: 'FILE_SIZE', file, message: `expected ${size} bytes, got ${found.size}${extent}` };
  }
  if (!hashes) return null;
  const { sha256: got } = await recordOf(path);
  return got === sha256
    ? null
    : { code: 'FILE_HASH', file, message: `expected sha256 ${sha256}, got ${got}` };
}

/**
 * @throws GgmaError PACKAGE_DAMAGED naming the first file that differs; PACKAGE_INCOMPLETE where hashes are asked for and
 * the folder has no ggma.json
 */
export async function requireRecorded(
  dir: string,
  manifest: Manifest | null,
  options: CompareOptions,
): Promise<void> {
  if (manifest === null) {
    if (!options.hashes) return;
    throw new GgmaError(
      'PACKAGE_INCOMPLETE',
      `expected ${fileNames.manifest}, which has the hashes that verify: true compares, got none; opm export writes it`,
      { path: dir },
    );
  }
  const findings = await compareRecorded(dir, manifest, options);
  const [first, ...others] = findings;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` (and ${others.length} more; o2o verify ${dir} lists them)`;
  throw new GgmaError(
    'PACKAGE_DAMAGED',
    `${first.file}: ${first.message}, as ${fileNames.manifest} records${more}; make or copy the package again, or remove ${fileNames.manifest} if the file was changed on purpose`,
    { path: join(dir, first.file) },
  );
}
