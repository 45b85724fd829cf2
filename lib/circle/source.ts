/** Where the bytes of a constant are: in memory as a view, or a range of a file that is read when asked for. */
import { readSync } from 'node:fs';
import { GgmaError } from '../errors.ts';

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

  /** The bytes, read now. @throws GgmaError CIRCLE_TRUNCATED when the file has become shorter. */
  read(): Uint8Array {
    const bytes = new Uint8Array(this.byteLength);
    let at = 0;
    while (at < bytes.length) {
      const n = readSync(this.fd, bytes, at, bytes.length - at, this.offset + at);
      if (n === 0)
        throw new GgmaError(
          'CIRCLE_TRUNCATED',
          `expected ${this.byteLength} bytes at ${this.offset}, got ${at}; the file has changed`,
          { path: this.path },
        );
      at += n;
    }
    return bytes;
  }
}

export type ByteSource = Uint8Array | FileRange;
