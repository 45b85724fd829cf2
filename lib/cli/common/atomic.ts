/** Files that are there whole or not at all. */
import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import process from 'node:process';
import { GgmaError } from '../../errors.ts';
import { writeFully } from './descriptors.ts';

/**
 * Writes the pieces under a temporary name first: a file of that name is whole, or the old one.
 * @throws GgmaError OUTPUT with the path; whatever the pieces throw
 */
export function writeAtomically(file: string, pieces: Iterable<Uint8Array>): void {
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

function writing<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GgmaError('OUTPUT', `expected to write the file, got: ${reason}`, { path: file, cause });
  }
}
