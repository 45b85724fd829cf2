/** Large files that are on the disk when they are done. */
import { type FileHandle, open } from 'node:fs/promises';
import { GgmaError } from '../errors.ts';

/** Writes a new file to the disk, piece by piece. */
export async function writeChunks(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const file: FileHandle = await open(path, 'wx');
  try {
    for (const chunk of chunks) await file.writeFile(chunk);
    // On the disk before it, or its folder, gets its name: a crash then leaves the old one, or the whole new one.
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What the system says against writing becomes a GgmaError OUTPUT. */
export async function outputErrors(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (cause instanceof GgmaError || !(cause instanceof Error) || !('code' in cause)) throw cause;
    throw new GgmaError('OUTPUT', `expected to write the package, got: ${cause.message}`, { path, cause });
  }
}
