/**
 * Standard input and output as descriptors. process.stdin and process.stdout take 10 ms to load what they may need;
 * a filter needs none of it, writes what it is given without a copy, and may block: it has nothing else to do.
 */
import { fstatSync, ftruncateSync, type Stats, writeSync } from 'node:fs';
import process from 'node:process';
import { systemCode } from '../../system-error.ts';
import { OutputClosed, outputError, UsageError } from './errors.ts';

/** The three of a process; tests pass others. */
export interface Descriptors {
  stdin: number;
  stdout: number;
  stderr: number;
}

export const standardDescriptors: Descriptors = { stdin: 0, stdout: 1, stderr: 2 };

/** How long to wait for a reader where the descriptor does not block. */
const PAUSE_MS = 2;

/** Writes all of it. @throws OutputClosed when the reader has gone; GgmaError OUTPUT for a full disk and the like */
export function writeFully(fd: number, data: Uint8Array | string): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let at = 0; at < bytes.byteLength; ) {
    try {
      at += writeSync(fd, bytes, at, bytes.byteLength - at);
    } catch (cause) {
      const code = systemCode(cause);
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      else if (code === 'EPIPE') throw new OutputClosed('standard output is closed', { cause });
      else throw outputError(cause);
    }
  }
}

/** Writes the pieces. When one of them fails, a file gets back the length that it had: no half model is left. */
export function writeModelTo(fd: number, pieces: Iterable<Uint8Array>): void {
  const before = statOf(fd);
  try {
    for (const piece of pieces) writeFully(fd, piece);
  } catch (error) {
    if (before?.isFile()) ftruncateSync(fd, before.size);
    throw error;
  }
}

/**
 * Nobody types a model, and binary data would garble a terminal. A file cannot be read while it is written either.
 * @throws UsageError
 */
export function checkDescriptors(
  { stdin, stdout }: Descriptors,
  what: string,
  uses: { stdin: boolean; stdout: boolean },
): void {
  if (uses.stdout && isTerminal(stdout))
    throw new UsageError(`expected standard output to be a file or a pipe for ${what}, got a terminal`);
  if (uses.stdin && isTerminal(stdin))
    throw new UsageError(`expected ${what} on standard input, got a terminal (use: < FILE, or a pipe)`);
  const [input, output] = [statOf(stdin), statOf(stdout)];
  if (uses.stdin && uses.stdout && input?.isFile() && output?.isFile())
    if (input.ino === output.ino && input.dev === output.dev)
      throw new UsageError('expected another file for standard output than for input (use -o FILE)');
}

function isTerminal(fd: number): boolean {
  // node:tty brings the network with it: it is asked only where it may say yes.
  if (!statOf(fd)?.isCharacterDevice()) return false;
  return process.getBuiltinModule('node:tty').isatty(fd);
}

function statOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    // A descriptor that is not open is found out by the first read or write.
    return undefined;
  }
}
