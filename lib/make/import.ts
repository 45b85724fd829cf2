/**
 * Import: a Hugging Face directory, from a hub or from the disk, into a folder of its own. The files are gathered in
 * `FOLDER.part`, so that a later try can continue; the folder gets its final name once every file is there and checked.
 */
import { lstat, mkdir, readdir, readFile, realpath, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GgmaError } from '../errors.ts';
import { diskErrors, download, Hub, type HubOptions, listFiles, type RepoId } from '../hub/index.ts';
import { type FileRecord, fileNames, manifestText, recordOf, weightNames } from '../package/index.ts';
import { withSystemErrors } from '../system-error.ts';
import { checkImported, checkImportedConfig } from './check-import.ts';
import {
  checkReplaceable,
  copyWritable,
  madeBy,
  replaceFolder,
  withLock,
  withoutTemporaryName,
} from './folder.ts';
import { neededBesideWeights, neededWeights } from './needed.ts';

export type ImportSource = { repo: RepoId; revision: string; hub: HubOptions } | { dir: string };

export type ImportProgress =
  | { stage: 'fetch'; file: string; bytes: number; totalBytes: number }
  | { stage: 'check'; tensor: string };

export interface ImportOptions {
  /** Replace a folder that is no import, and fetch what is there already. */
  force?: boolean;
  signal?: AbortSignal;
  /** Told of each file and how many of its bytes have arrived, then of each tensor that is checked. */
  onProgress?: (progress: ImportProgress) => void;
}

export interface ImportResult {
  warnings: string[];
  /** False: the folder held this very revision already. */
  changed: boolean;
}

/** Files of one origin, under the names that the listing gives. */
interface Origin {
  /** For ggma.json: what the content is identified by. */
  source: string;
  /** A directory on the disk may have changed since, a commit never. */
  isFixed: boolean;
  names: ReadonlySet<string>;
  /** Brings a file to `dir`, whole and checked. */
  take(name: string, dir: string): Promise<void>;
}

/** @throws GgmaError IMPORT_*, LOCKED, OUTPUT_EXISTS, OUTPUT, what the checks find; the signal's reason */
export async function importModel(
  source: ImportSource,
  target: string,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const { force = false, signal, onProgress = () => {} } = options;
  return withLock(target, async () => {
    await checkReplaceable(target, 'import', force);
    const origin =
      'dir' in source ? await diskOrigin(source.dir, target) : await hubOrigin(source, onProgress);
    const before = force ? null : await madeBy(target);
    if (before !== null && before.source !== null && !isSameOrigin(before.source, origin.source))
      throw new GgmaError(
        'OUTPUT_EXISTS',
        `expected an import of ${origin.source}, got one of ${before.source} (--force replaces it, --name takes another name)`,
        { path: target },
      );
    if (
      before !== null &&
      origin.isFixed &&
      before.source === origin.source &&
      (await isWhole(target, before.files))
    )
      return { warnings: [], changed: false };
    const staging = `${target}.part`;
    const warnings = await withoutTemporaryName(staging, origin.source, async () => {
      await makeStaging(staging);
      // rmdir removes it only where it is empty: what has arrived of a file is kept for the next try.
      const files = await takeAll(origin, staging, signal).finally(() => rmdir(staging).catch(() => {}));
      const checked = await checkImported(staging, (tensor) => {
        signal?.throwIfAborted();
        onProgress({ stage: 'check', tensor });
      });
      const { tokenizersAgree } = checked;
      await diskErrors(target, () =>
        writeFile(
          join(staging, fileNames.manifest),
          manifestText({ made: 'import', source: origin.source, tokenizersAgree, files }),
        ),
      );
      await replaceFolder(target, staging);
      return checked.warnings.map((warning) => warning.replaceAll(staging, target));
    });
    return { warnings, changed: true };
  });
}

/** What is small first: a model that cannot be exported is refused before its weights are fetched. */
async function takeAll(
  origin: Origin,
  staging: string,
  signal?: AbortSignal,
): Promise<Record<string, FileRecord>> {
  const { names, source } = origin;
  const small = neededBesideWeights(names, source);
  const take = async (name: string): Promise<void> => {
    signal?.throwIfAborted();
    await origin.take(name, staging);
  };
  for (const name of small) await take(name);
  await checkImportedConfig(staging);
  const weights = await neededWeights(names, source, async () => {
    await take(weightNames.index);
    return readFile(join(staging, weightNames.index));
  });
  for (const name of weights) await take(name);
  const all = [...small, ...weights];
  await removeOthers(staging, new Set(all));
  const files: Record<string, FileRecord> = {};
  for (const name of all) files[name] = await recordOf(join(staging, name));
  return files;
}

async function hubOrigin(
  { repo, revision, hub: options }: Extract<ImportSource, { repo: RepoId }>,
  onProgress: NonNullable<ImportOptions['onProgress']>,
): Promise<Origin> {
  const hub = new Hub(options);
  const listing = await listFiles(hub, repo, revision);
  return {
    source: `${repo.id}@${listing.commit}`,
    isFixed: true,
    names: listing.names,
    take: async (name, dir) => {
      const file = listing.file(name);
      await download(hub, listing, file, join(dir, name), (bytes) =>
        onProgress({ stage: 'fetch', file: name, bytes, totalBytes: file.size }),
      );
    },
  };
}

async function diskOrigin(dir: string, target: string): Promise<Origin> {
  const names = await withSystemErrors(
    { path: dir, code: 'MODEL_NOT_FOUND', expected: 'a directory with config.json and *.safetensors' },
    () => readdir(dir),
  );
  const real = await realpath(dir);
  if (real === (await realpath(target).catch(() => null)))
    throw new GgmaError('IMPORT_NAME', 'expected another directory than the one to write, got the same', {
      path: dir,
    });
  return {
    source: real,
    isFixed: false,
    names: new Set(names),
    take: (name, to) => diskErrors(join(to, name), () => copyWritable(join(dir, name), join(to, name))),
  };
}

/** Whether a word is written like a path, though nothing may be there: it is not taken for a name on a hub then. */
export function looksLikePath(word: string): boolean {
  return /^(?:\.{0,2}[/\\]|~|[A-Za-z]:[/\\])/.test(word);
}

/** `owner/name@commit`: another commit of the same repository is an update. */
function isSameOrigin(a: string, b: string): boolean {
  const repo = (source: string) => source.replace(/@[0-9a-f]+$/, '');
  return repo(a) === repo(b);
}

async function isWhole(dir: string, files: Readonly<Record<string, FileRecord>>): Promise<boolean> {
  for (const [name, { size }] of Object.entries(files)) {
    const found = await stat(join(dir, name)).catch(() => null);
    if (found === null || !found.isFile() || found.size !== size) return false;
  }
  return Object.keys(files).length > 0;
}

/** @throws GgmaError IMPORT_UNSAFE for a link, which would lead the files elsewhere */
async function makeStaging(staging: string): Promise<void> {
  await diskErrors(staging, () => mkdir(staging, { recursive: true }));
  if ((await lstat(staging)).isDirectory()) return;
  throw new GgmaError('IMPORT_UNSAFE', 'expected a folder of its own, got a link', { path: staging });
}

/** What an earlier try of another revision left. */
async function removeOthers(dir: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(dir))
    if (!wanted.has(name)) await rm(join(dir, name), { recursive: true });
}
