/** Files that are there whole or not at all. */
import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import process from 'node:process';
import { fromSystemError } from '../../system-error.ts';
import { writeFully } from './descriptors.ts';

/**
 * Writes the pieces under a temporary name first: a file of that name is whole, or the old one. Devices and named pipes
 * are written to where they are: a file renamed over /dev/null would take its place, if root does it for everyone.
 * @throws GgmaError OUTPUT with the path; whatever the pieces throw
 */
export function writeAtomically(file: string, pieces: Iterable<Uint8Array>): void {
  if (writing(file, () => isSpecial(file))) {
    const special = writing(file, () => openSync(file, 'w'));
    try {
      for (const piece of pieces) writing(file, () => writeFully(special, piece));
    } finally {
      closeSync(special);
    }
    return;
  }
  const temporary = `${file}.${process.pid}.part`;
  const fd = writing(file, () => openSync(temporary, 'wx'));
  try {
    try {
      for (const piece of pieces) writing(file, () => writeFully(fd, piece));
    } finally {
      closeSync(fd);
    }
    writing(file, () => renameSync(temporary, file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function isSpecial(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isFile() && !stat.isDirectory();
}

function writing<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // writeFully has wrapped the system's error already, in words for standard output.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw fromSystemError(cause, { path: file, code: 'OUTPUT', expected: 'to write the file' });
  }
}
