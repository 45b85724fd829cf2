/** Where the bytes of a constant are: in memory, whole or in pieces, or in a file from which they are read on demand. */
import { readSync } from 'node:fs';
import { GgmaError } from '../errors.ts';
import { withSystemErrorsSync } from '../system-error.ts';

/** A part of an open file. The file must stay open, and as it is, while the range is in use. */
export class FileRange {
  readonly fd: number;
  readonly offset: number;
  readonly byteLength: number;
  readonly path: string;

  constructor(fd: number, offset: number, byteLength: number, path: string) {
    this.fd = fd;
    this.offset = offset;
    this.byteLength = byteLength;
    this.path = path;
  }

  /** All the bytes, read now. @throws GgmaError CIRCLE_CHANGED when the file has become shorter */
  read(): Uint8Array {
    const bytes = new Uint8Array(this.byteLength);
    this.copyTo(bytes, 0);
    return bytes;
  }

  /** Fills `target` with the bytes from `from` on. @throws GgmaError CIRCLE_CHANGED */
  copyTo(target: Uint8Array, from: number): void {
    readFully(this.fd, target, this.offset + from, this.path);
  }
}

/** Bytes in memory that lie in several pieces, as a pipe brought them. */
export class SegmentRange {
  readonly byteLength: number;
  readonly pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  }

  /** All the bytes in one piece: a copy. */
  read(): Uint8Array {
    const bytes = new Uint8Array(this.byteLength);
    this.copyTo(bytes, 0);
    return bytes;
  }

  /** Fills `target` with the bytes from `from` on. */
  copyTo(target: Uint8Array, from: number): void {
    let start = 0;
    for (const piece of this.pieces) {
      const [low, high] = [
        Math.max(from, start),
        Math.min(from + target.byteLength, start + piece.byteLength),
      ];
      if (low < high) target.set(piece.subarray(low - start, high - start), low - from);
      start += piece.byteLength;
    }
  }
}

/** Bytes that are made when they are asked for, in any part: a large constant in another form. */
export interface MadeRange {
  readonly byteLength: number;
  /** All the bytes. */
  read(): Uint8Array;
  /** Fills `target` with the bytes from `from` on. */
  copyTo(target: Uint8Array, from: number): void;
}

export type ByteSource = Uint8Array | FileRange | SegmentRange | MadeRange;

/** The bytes of a source: the view itself where there is one, or all of them read now. */
export function readBytes(source: ByteSource): Uint8Array {
  return source instanceof Uint8Array ? source : source.read();
}

/** Fills `target` with the bytes of a source from `from` on. */
export function copyBytes(source: ByteSource, from: number, target: Uint8Array): void {
  if (source instanceof Uint8Array) target.set(source.subarray(from, from + target.byteLength));
  else source.copyTo(target, from);
}

const COMPARED_AT_ONCE = 2 ** 18;

/** Whether two sources hold the same bytes; ends at the first difference, and reads no source whole. */
export function sameBytes(a: ByteSource, b: ByteSource): boolean {
  if (a === b) return true;
  if (a.byteLength !== b.byteLength) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  const [left, right] = [scratchFor(a), scratchFor(b)];
  for (let from = 0; from < a.byteLength; from += COMPARED_AT_ONCE) {
    const size = Math.min(COMPARED_AT_ONCE, a.byteLength - from);
    if (Buffer.compare(part(a, from, size, left), part(b, from, size, right)) !== 0) return false;
  }
  return true;
}

function scratchFor(source: ByteSource): Uint8Array | null {
  if (source instanceof Uint8Array) return null;
  return Buffer.allocUnsafe(Math.min(source.byteLength, COMPARED_AT_ONCE));
}

function part(source: ByteSource, from: number, size: number, scratch: Uint8Array | null): Uint8Array {
  if (scratch === null) return (source as Uint8Array).subarray(from, from + size);
  const target = scratch.subarray(0, size);
  copyBytes(source, from, target);
  return target;
}

/** Fills `target` from a place in a file. @throws GgmaError CIRCLE_CHANGED when the file ends before, INPUT, IO */
export function readFully(fd: number, target: Uint8Array, position: number, path: string): void {
  for (let at = 0; at < target.byteLength; ) {
    const n = readingFile(path, () => readSync(fd, target, at, target.byteLength - at, position + at));
    if (n === 0)
      throw new GgmaError(
        'CIRCLE_CHANGED',
        `expected ${target.byteLength} bytes at byte ${position}, got ${at}: the file has become shorter while it was read`,
        { path },
      );
    at += n;
  }
}

/**
 * Runs a system call that reads a file; what the system says becomes a GgmaError with the file's name.
 * @throws GgmaError INPUT, or IO where the disk itself failed
 */
export function readingFile<T>(path: string, call: () => T): T {
  return withSystemErrorsSync({ path, code: 'INPUT', expected: 'a readable file' }, call);
}
