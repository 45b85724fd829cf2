/** A file of weights. It is opened for each piece that is read, so nobody has to close it, and nothing of it is held. */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { MadeRange } from '../circle/index.ts';
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import { withSystemErrorsSync } from '../system-error.ts';

/** What a format calls its faults. */
export interface FileCodes {
  /** The file cannot be opened or read. */
  read: ErrorCode;
  /** It ends before the bytes that are wanted. */
  truncated: ErrorCode;
}

/** The size of one system call: Linux reads at most 2 GiB less a page. */
const READ_LIMIT = 2 ** 30;

export class CheckpointFile {
  readonly path: string;
  readonly size: number;
  readonly #modified: number;
  readonly #codes: FileCodes;

  /** @throws GgmaError `codes.read` */
  constructor(path: string, codes: FileCodes) {
    this.path = path;
    this.#codes = codes;
    const { size, mtimeMs } = this.#open((_, stats) => stats);
    this.size = size;
    this.#modified = mtimeMs;
  }

  /** @throws GgmaError `codes.read`, `codes.truncated`; CHECKPOINT_CHANGED when the file is no longer the one opened */
  read(position: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.copyTo(bytes, position);
    return bytes;
  }

  /** Fills `target` from `position` on. @throws GgmaError as {@link read} */
  copyTo(target: Uint8Array, position: number): void {
    this.#open((fd, { size, mtimeMs }) => {
      if (size !== this.size || mtimeMs !== this.#modified)
        throw new GgmaError(
          'CHECKPOINT_CHANGED',
          `expected the file to stay as it is while it is read, got ${size} bytes instead of ${this.size} or a new content`,
          { path: this.path },
        );
      for (let at = 0; at < target.byteLength; ) {
        const n = readSync(fd, target, at, Math.min(target.byteLength - at, READ_LIMIT), position + at);
        if (n === 0)
          throw new GgmaError(
            this.#codes.truncated,
            `expected ${target.byteLength} bytes at byte ${position}, got ${at}`,
            { path: this.path },
          );
        at += n;
      }
    });
  }

  /** Some of its bytes, read when they are asked for. */
  part(offset: number, byteLength: number): FilePart {
    return new FilePart(this, offset, byteLength);
  }

  #open<T>(use: (fd: number, stats: Stats) => T): T {
    const { path } = this;
    const details = { path, code: this.#codes.read, expected: 'a readable file' };
    return withSystemErrorsSync(details, () => {
      const fd = openSync(path, 'r');
      try {
        const stats = fstatSync(fd);
        if (!stats.isFile())
          throw new GgmaError(this.#codes.read, 'expected a readable file, got a folder or device', { path });
        return use(fd, stats);
      } finally {
        closeSync(fd);
      }
    });
  }
}

/** A range of a {@link CheckpointFile}. */
export class FilePart implements MadeRange {
  readonly file: CheckpointFile;
  readonly offset: number;
  readonly byteLength: number;

  constructor(file: CheckpointFile, offset: number, byteLength: number) {
    this.file = file;
    this.offset = offset;
    this.byteLength = byteLength;
  }

  read(): Uint8Array {
    return this.file.read(this.offset, this.byteLength);
  }

  copyTo(target: Uint8Array, from: number): void {
    this.file.copyTo(target, this.offset + from);
  }
}
