/**
 * A file that is being fetched: `NAME.part` holds the bytes that have arrived, `NAME.part.json` says of which content. A
 * later run continues with it only if it wants the same content and the server still has that content.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, lstat, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { GgmaError } from '../errors.ts';
import { fromSystemError, isDiskFull, systemCode, systemReason } from '../system-error.ts';
import type { RemoteFile } from './listing.ts';

export class PartFile {
  readonly #target: string;
  readonly #file: RemoteFile;

  constructor(target: string, file: RemoteFile) {
    this.#target = target;
    this.#file = file;
  }

  get #part(): string {
    return `${this.#target}.part`;
  }
  get #note(): string {
    return `${this.#target}.part.json`;
  }

  /** How many bytes can be kept, and the server's name (ETag) for their content; null: begin at the first byte. */
  async resumable(): Promise<{ size: number; etag: string } | null> {
    const size = await regularSize(this.#part);
    if (size === null || size === 0 || size > this.#file.size) return null;
    if ((await regularSize(this.#note)) === null) return null;
    try {
      const note = JSON.parse(await readFile(this.#note, 'utf8')) as Record<string, unknown>;
      const { hash, etag } = note;
      return hash === this.#file.hash.hex && typeof etag === 'string' && isStrong(etag)
        ? { size, etag }
        : null;
    } catch {
      return null;
    }
  }

  /** Opens the part to continue at byte `size`; 0 empties it first. Never follows a link of its name. */
  async open(size: number, etag: string | null): Promise<FileHandle> {
    return diskErrors(this.#target, async () => {
      if (size === 0) {
        await this.discard();
        const note = { hash: this.#file.hash.hex, etag: etag !== null && isStrong(etag) ? etag : null };
        await writeFile(this.#note, JSON.stringify(note), { flag: 'wx' });
      }
      const flags = constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
      const create = constants.O_CREAT | constants.O_EXCL;
      return open(this.#part, size === 0 ? flags | create : flags);
    });
  }

  async discard(): Promise<void> {
    await rm(this.#part, { force: true });
    await rm(this.#note, { force: true });
  }

  /** Whether the part is the whole, right content. */
  async isRight(): Promise<boolean> {
    return hasContent(this.#part, this.#file);
  }

  /** Gives the part its name. */
  async finish(): Promise<void> {
    await diskErrors(this.#target, async () => {
      await rm(this.#note, { force: true });
      await rename(this.#part, this.#target);
    });
  }
}

/** Whether a regular file is there with the announced size and hash. */
export async function hasContent(path: string, { size, hash }: RemoteFile): Promise<boolean> {
  if ((await regularSize(path)) !== size) return false;
  const digest = createHash(hash.algorithm === 'sha256' ? 'sha256' : 'sha1');
  if (hash.algorithm === 'git-sha1') digest.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }))
    digest.update(chunk as Buffer);
  return digest.digest('hex') === hash.hex;
}

/** Weak ETags do not guarantee equal bytes: a file with one is fetched from its first byte. */
function isStrong(etag: string): boolean {
  return /^"[\x21\x23-\x7e]{1,300}"$/.test(etag);
}

/** null where there is no file of that name; a link or a folder does not count. */
async function regularSize(path: string): Promise<number | null> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found.size : null;
  } catch {
    return null;
  }
}

/** @throws GgmaError IMPORT_DISK_FULL, IMPORT_WRITE, IO in place of the system's errors */
export async function diskErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isDiskFull(cause))
      throw new GgmaError(
        'IMPORT_DISK_FULL',
        `expected room on the disk, got: ${systemReason(cause)}; the part that has arrived is kept: make room and run the same command again`,
        { path, cause },
      );
    if (systemCode(cause) === null) throw cause;
    throw fromSystemError(cause, { path, code: 'IMPORT_WRITE', expected: 'to write the file' });
  }
}
