/** Circle files of any size: what is read is the tables; constants stay where they are until something asks for them. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Model } from './index.ts';
import { readStore } from './read.ts';
import { type ByteSource, readingFile } from './source.ts';
import { FileStore, SegmentStore } from './store.ts';

/** A model whose constants may be ranges of a file that is still open. */
export interface OpenModel {
  model: Model;
  /** The file as it is. */
  whole: ByteSource;
  /** Asked when the last range has been read. @throws GgmaError CIRCLE_CHANGED when the file is no longer what it was */
  assertUnchanged(): void;
  /** Closes the file. Ranges cannot be read any more. */
  close(): void;
}

/**
 * Opens a Circle file by its path, or what an open descriptor gives: a regular file is read at the places that matter,
 * wherever its position is; a pipe is read to its end and kept in pieces, so that it may be larger than a buffer.
 * @param where what messages call it
 * @throws GgmaError INPUT when it cannot be read, CIRCLE_CORRUPT, CIRCLE_UNSUPPORTED, CIRCLE_CHANGED
 */
export function openModel(source: string | number, where = String(source)): OpenModel {
  const fd = typeof source === 'number' ? source : readingFile(where, () => openSync(source, 'r'));
  const close = () => {
    if (fd !== source) closeSync(fd);
  };
  try {
    const store = readingFile(where, () => fstatSync(fd)).isFile()
      ? new FileStore(fd, where)
      : new SegmentStore(readSegments(fd, where), SEGMENT);
    const model = readStore(store, where);
    return {
      model,
      whole: store.source(0, store.size),
      assertUnchanged: () => {
        if (store instanceof FileStore) store.assertUnchanged();
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Memory that is allocated but not yet filled takes no pages: the last piece costs what is in it. */
const SEGMENT = 2 ** 23;
/** How long to wait for a descriptor that another process has set not to block. */
const PAUSE_MS = 2;

/** Reads a pipe to its end, without joining what comes. */
function readSegments(fd: number, where: string): Uint8Array[] {
  const segments: Uint8Array[] = [];
  let used = SEGMENT;
  for (;;) {
    if (used === SEGMENT) {
      segments.push(Buffer.allocUnsafeSlow(SEGMENT));
      used = 0;
    }
    const n = readingFile(where, () => readSome(fd, segments.at(-1)!, used));
    if (n === 0) break;
    used += n;
  }
  const last = segments.pop()!.subarray(0, used);
  return used > 0 ? [...segments, last] : segments;
}

function readSome(fd: number, target: Uint8Array, at: number): number {
  for (;;) {
    try {
      return readSync(fd, target, at, target.byteLength - at, null);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
