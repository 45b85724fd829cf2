/** Files as commands read and write them. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { GgmaError } from '../../errors.ts';

/** @throws GgmaError INPUT when the file cannot be read */
export function readInput(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: unknown) => {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new GgmaError('INPUT', `expected a readable Circle file${reason}`, { path: file, cause });
  });
}

/** Everything that a stream has. */
export async function readAll(stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/**
 * Under a temporary name first: a file of that name is whole, or the old one.
 * @throws GgmaError OUTPUT
 */
export function writeAtomically(file: string, chunks: Iterable<Uint8Array>): void {
  const temporary = `${file}.${process.pid}.part`;
  try {
    const fd = openSync(temporary, 'wx');
    try {
      for (const chunk of chunks) for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GgmaError('OUTPUT', `expected to write the file, got: ${reason}`, { path: file, cause });
  }
}
