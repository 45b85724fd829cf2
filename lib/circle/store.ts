/**
 * The bytes of a whole Circle file as the cursor walks them: in memory, in pieces of memory, or in a file of which only
 * the pages with tables are read. Constants come out as views or ranges, never as copies of anything large.
 */
import { fstatSync, type Stats } from 'node:fs';
import { GgmaError } from '../errors.ts';
import { type ByteSource, FileRange, readFully, SegmentRange } from './source.ts';

/** A part of the file that lies in memory: file position `start` is the view's first byte. */
export interface Window {
  readonly start: number;
  readonly bytes: Buffer;
  readonly view: DataView;
}

export interface Store {
  /** Size of the file in bytes. */
  readonly size: number;
  /** Whether {@link bytes} copies, so that its results take memory of their own. */
  readonly copies: boolean;
  /** A window that holds at least the `size` bytes at `at`, which must lie within the file. */
  window(at: number, size: number): Window;
  /** A few bytes in memory. */
  bytes(at: number, size: number): Uint8Array;
  /** A constant's bytes, wherever they are. */
  source(at: number, size: number): ByteSource;
}

function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function windowOf(start: number, bytes: Uint8Array): Window {
  const { buffer, byteOffset, byteLength } = bytes;
  return {
    start,
    bytes: Buffer.from(buffer, byteOffset, byteLength),
    view: new DataView(buffer, byteOffset, byteLength),
  };
}

/** A file in one piece of memory: everything is a view of it. */
export class MemoryStore implements Store {
  readonly size: number;
  readonly copies = false;
  readonly #whole: Uint8Array;
  readonly #only: Window;

  constructor(bytes: Uint8Array) {
    // A Buffer's slices would be Buffers, which do not copy where a Uint8Array's do.
    this.#whole = plain(bytes);
    this.size = bytes.byteLength;
    this.#only = windowOf(0, bytes);
  }

  window(): Window {
    return this.#only;
  }

  bytes(at: number, size: number): Uint8Array {
    return this.#whole.subarray(at, at + size);
  }

  source(at: number, size: number): Uint8Array {
    return this.bytes(at, size);
  }
}

/** A file in equal pieces: windows are pieces, or copies where a read crosses a border. */
abstract class PagedStore {
  abstract readonly size: number;
  protected readonly pageSize: number;

  constructor(pageSize: number) {
    this.pageSize = pageSize;
  }

  protected abstract page(index: number): Window;

  window(at: number, size: number): Window {
    const index = Math.floor(at / this.pageSize);
    const page = this.page(index);
    if (at + size <= page.start + page.bytes.byteLength) return page;
    return windowOf(at, this.joined(at, size));
  }

  /** A copy over the borders of pieces. */
  protected joined(at: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let done = 0; done < size; ) {
      const page = this.page(Math.floor((at + done) / this.pageSize));
      const from = at + done - page.start;
      const piece = page.bytes.subarray(from, from + size - done);
      bytes.set(piece, done);
      done += piece.byteLength;
    }
    return bytes;
  }
}

/** A file that came through a pipe, in the pieces that {@link readSegments} made. */
export class SegmentStore extends PagedStore implements Store {
  readonly size: number;
  readonly copies = true;
  readonly #pages: Window[];

  /** @param segments all of `segmentSize` bytes but the last */
  constructor(segments: readonly Uint8Array[], segmentSize: number) {
    super(segmentSize);
    this.size = segments.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#pages = segments.map((bytes, i) => windowOf(i * segmentSize, bytes));
  }

  protected page(index: number): Window {
    return this.#pages[index]!;
  }

  bytes(at: number, size: number): Uint8Array {
    const { start, bytes } = this.window(at, size);
    return plain(bytes.subarray(at - start, at - start + size));
  }

  source(at: number, size: number): ByteSource {
    const pieces: Uint8Array[] = [];
    for (let done = 0; done < size; done += pieces.at(-1)!.byteLength) {
      const { start, bytes } = this.page(Math.floor((at + done) / this.pageSize));
      const from = at + done - start;
      pieces.push(plain(bytes.subarray(from, from + size - done)));
    }
    return pieces.length > 1 ? new SegmentRange(pieces) : (pieces[0] ?? new Uint8Array(0));
  }
}

const FILE_PAGE = 2 ** 16;
/** 64 MiB of pages are kept; a file whose tables are spread wider is read again in part. */
const KEPT_PAGES = 1024;
/** Constants up to here are read with the tables: they cost less as bytes than as a range. */
const SMALL = 512;

/** A file on disk: pages with tables are read when asked for, constants are ranges. */
export class FileStore extends PagedStore implements Store {
  readonly size: number;
  readonly copies = true;
  readonly fd: number;
  readonly #path: string;
  readonly #opened: Stats;
  readonly #pages = new Map<number, Window>();

  /** @param fd an open regular file, which the store does not close */
  constructor(fd: number, path: string) {
    super(FILE_PAGE);
    this.fd = fd;
    this.#path = path;
    this.#opened = fstatSync(fd);
    this.size = this.#opened.size;
  }

  protected page(index: number): Window {
    let page = this.#pages.get(index);
    if (!page) {
      const start = index * FILE_PAGE;
      const bytes = new Uint8Array(Math.min(FILE_PAGE, this.size - start));
      readFully(this.fd, bytes, start, this.#path);
      page = windowOf(start, bytes);
      if (this.#pages.size >= KEPT_PAGES) this.#pages.clear();
      this.#pages.set(index, page);
    }
    return page;
  }

  bytes(at: number, size: number): Uint8Array {
    return this.joined(at, size);
  }

  source(at: number, size: number): ByteSource {
    return size <= SMALL ? this.bytes(at, size) : new FileRange(this.fd, at, size, this.#path);
  }

  /** Asked when the last range has been read. @throws GgmaError CIRCLE_CHANGED when the file is no longer what it was */
  assertUnchanged(): void {
    const { size, mtimeMs } = fstatSync(this.fd);
    if (size === this.#opened.size && mtimeMs === this.#opened.mtimeMs) return;
    throw new GgmaError(
      'CIRCLE_CHANGED',
      `expected the file to stay as it is while it is read, got ${size} bytes instead of ${this.#opened.size} or a new content`,
      { path: this.#path },
    );
  }
}
