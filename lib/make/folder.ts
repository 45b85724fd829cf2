/** Folders that are complete or absent: built under another name, then renamed; the old folder stays until then. */
import { constants, existsSync } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import process from 'node:process';
import { GgmaError } from '../errors.ts';
import { type Manifest, readManifest } from '../package/index.ts';
import { fromSystemError, systemCode, withSystemErrors } from '../system-error.ts';

/**
 * Refuses to replace what ggma did not make.
 * @throws GgmaError OUTPUT_EXISTS; PACKAGE_VERSION for a folder of a newer ggma, IO
 */
export async function checkReplaceable(
  dir: string,
  made: 'import' | 'package',
  force: boolean,
): Promise<void> {
  if (force || !(await exists(dir))) return;
  const manifest = await madeBy(dir);
  if (manifest?.made === made) return;
  throw new GgmaError(
    'OUTPUT_EXISTS',
    `expected a free name, or ${made === 'import' ? 'an import' : 'a package'} that ggma made, got something else (--force replaces it)`,
    { path: dir },
  );
}

/**
 * The folder's ggma.json; null where there is none, or none that can be understood: such a folder is somebody else's.
 * @throws GgmaError PACKAGE_VERSION for one that a newer ggma wrote, INPUT, IO for one that cannot be read
 */
export async function madeBy(dir: string): Promise<Manifest | null> {
  try {
    return await readManifest(dir);
  } catch (error) {
    if (error instanceof GgmaError && error.code === 'CONFIG') return null;
    throw error;
  }
}

/** Runs `work` in a folder that has a temporary name: errors and warnings call it `shown`, the name that its user knows. */
export async function withoutTemporaryName<T>(
  temporary: string,
  shown: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (
      !(error instanceof GgmaError) ||
      ![error.path, error.message].some((text) => text?.includes(temporary))
    )
      throw error;
    const { code, message, path, values } = error;
    throw new GgmaError(code, message.replaceAll(temporary, shown), {
      ...(path === undefined ? {} : { path: path.replaceAll(temporary, shown) }),
      ...(values === undefined ? {} : { values }),
      cause: error,
    });
  }
}

/** Puts `from` in the place of `dir`. When that fails, `dir` is what it was. */
export async function replaceFolder(dir: string, from: string): Promise<void> {
  const old = `${dir}.${process.pid}.old`;
  const had = await exists(dir);
  try {
    if (had) await rename(dir, old);
    await rename(from, dir);
  } catch (cause) {
    if (had && !existsSync(dir)) await rename(old, dir).catch(() => {});
    throw fromSystemError(cause, { path: dir, code: 'OUTPUT', expected: 'to put the folder in its place' });
  }
  await rm(old, { recursive: true, force: true }).catch(() => {});
}

/** A copy that its owner may change, whatever the original's mode; shares blocks where the file system can. */
export async function copyWritable(from: string, to: string): Promise<void> {
  // A link of that name would have the copy written where the link leads.
  await rm(to, { force: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await chmod(to, 0o644);
}

/** Runs `work` while no other process does so for the same folder. @throws GgmaError LOCKED */
export async function withLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const lock = `${dir}.lock`;
  const parent = dirname(dir);
  await withSystemErrors({ path: parent, code: 'OUTPUT', expected: 'to make the folder' }, () =>
    mkdir(parent, { recursive: true }),
  );
  await takeLock(lock);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true }).catch(() => {});
  }
}

/** Whether no process works on the folder: there is no lock, or the process that took it has ended. */
export async function isFree(dir: string): Promise<boolean> {
  const holder = await readFile(`${dir}.lock`, 'utf8').catch(() => null);
  return holder === null || isDead(holder);
}

async function takeLock(lock: string): Promise<void> {
  const own = `${process.pid} ${hostname()}\n`;
  if (await createExclusively(lock, own)) return;
  const holder = await readFile(lock, 'utf8').catch(() => '');
  if (isDead(holder)) {
    // Renamed first: of two processes that find a dead lock, one gets it, and the other one's create fails.
    const dead = `${lock}.${process.pid}`;
    await rename(lock, dead).catch(() => {});
    const taken = await readFile(dead, 'utf8').catch(() => holder);
    if (taken === holder) {
      await rm(dead, { force: true });
      if (await createExclusively(lock, own)) return;
    } else await rename(dead, lock).catch(() => {});
  }
  throw new GgmaError(
    'LOCKED',
    `expected to be alone, got another process at work here (${holder.trim() || 'unknown'}); if there is none, remove the file`,
    { path: lock },
  );
}

async function createExclusively(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(text);
    await file.close();
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    throw fromSystemError(cause, { path, code: 'OUTPUT', expected: 'to write the file' });
  }
}

/** The lock's process has ended. Nothing can be known about a process of another machine: its lock holds. */
function isDead(holder: string): boolean {
  const [, pid, host] = /^(\d+) (\S+)\n$/.exec(holder) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
