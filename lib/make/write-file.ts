/** Large files that are on the disk when the call returns. */
import { type FileHandle, open } from 'node:fs/promises';
import { withSystemErrors } from '../system-error.ts';

/** Writes a new file piece by piece, and waits until the disk has it. */
export async function writeChunks(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const file: FileHandle = await open(path, 'wx');
  try {
    for (const chunk of chunks) await file.writeFile(chunk);
    // The content must be on the disk before the file, or its folder, gets its final name: after a crash there is then
    // either the old file or the whole new one under that name.
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What the system says against writing becomes a GgmaError OUTPUT with `path`, the name that the user knows. */
export function outputErrors(path: string, work: () => Promise<void>): Promise<void> {
  return withSystemErrors({ path, code: 'OUTPUT', expected: 'to write the package' }, work);
}
