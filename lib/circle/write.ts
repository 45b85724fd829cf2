/**
 * Model → bytes. The tables are built first; constants follow behind them and are never copied through memory. The
 * file's size and every part's place are known before the first byte is written.
 */
import { GgmaError } from '../errors.ts';
import type { Model } from './index.ts';
import { type ByteSource, copyBytes, SegmentRange } from './source.ts';
import { type Pending, writeTables } from './write-tables.ts';

export interface WriteOptions {
  /** Data behind the flatbuffer, by `Buffer.offset/size`, 64-byte aligned. Always so from 1 GiB on. */
  externalBuffers?: boolean;
}

/** A file that is laid out but not yet written. */
export interface FileLayout {
  /** The flatbuffer's tables. */
  head: Uint8Array;
  /** What follows, by ascending position; gaps are zeros. */
  parts: { position: number; data: ByteSource }[];
  /** Size of the whole file in bytes. */
  size: number;
}

/** Flatbuffer offsets reach 2 GiB; above half of that, constants move behind it. */
const INLINE_LIMIT = 2 ** 30;
const INLINE_ALIGNMENT = 16;
const EXTERNAL_ALIGNMENT = 64;

/**
 * Plans a file: equal models give equal bytes.
 * @throws GgmaError CIRCLE_RANGE for a number that its field cannot hold, CIRCLE_INVALID for content of another kind,
 * both with the object's path; CIRCLE_TOO_LARGE above 2 GiB of tables
 */
export function layOut(model: Model, options: WriteOptions = {}): FileLayout {
  const external = options.externalBuffers ?? dataSize(model) >= INLINE_LIMIT;
  const { head, pending } = writeTables(model, external);
  return external ? placeExternal(head, pending) : placeInline(head, pending);
}

/** The whole file in memory. @throws GgmaError CIRCLE_TOO_LARGE above what one buffer holds (use chunksOf) */
export function writeModel(model: Model, options: WriteOptions = {}): Uint8Array {
  const layout = layOut(model, options);
  if (layout.size >= 2 ** 31)
    throw new GgmaError(
      'CIRCLE_TOO_LARGE',
      `expected less than 2 GiB to hold in memory, got ${layout.size} bytes`,
    );
  const bytes = new Uint8Array(layout.size);
  bytes.set(layout.head);
  for (const { position, data } of layout.parts)
    copyBytes(data, 0, bytes.subarray(position, position + data.byteLength));
  return bytes;
}

/**
 * Small parts are joined up to here, ranges of files are read in pieces of this size. A block is used again for the next
 * piece: one that fits a core's cache costs neither new pages nor a way to memory.
 */
const BLOCK = 2 ** 18;
/** Bytes in memory from here on are given as they are. */
const LARGE = 2 ** 16;

/**
 * The file in order, in pieces of at most {@link BLOCK} bytes of new memory; large constants in memory are given as they are. A
 * piece is valid until the next one is asked for.
 */
export function* chunksOf(layout: FileLayout): Generator<Uint8Array> {
  const block = new Uint8Array(Math.min(BLOCK, layout.size));
  let used = 0;
  let at = 0;
  for (const { position, data } of [{ position: 0, data: layout.head }, ...layout.parts]) {
    const gap = position - at;
    for (const piece of gap > 0 ? [new Uint8Array(gap), ...piecesOf(data)] : piecesOf(data)) {
      if (piece instanceof Uint8Array && piece.byteLength >= LARGE) {
        if (used > 0) yield block.subarray(0, used);
        used = 0;
        yield piece;
        continue;
      }
      for (let from = 0; from < piece.byteLength; ) {
        if (used === block.byteLength) {
          yield block;
          used = 0;
        }
        const size = Math.min(block.byteLength - used, piece.byteLength - from);
        copyBytes(piece, from, block.subarray(used, used + size));
        used += size;
        from += size;
      }
    }
    at = position + data.byteLength;
  }
  if (used > 0) yield block.subarray(0, used);
  if (layout.size > at) yield new Uint8Array(layout.size - at);
}

function piecesOf(data: ByteSource): readonly ByteSource[] {
  return data instanceof SegmentRange ? data.pieces : [data];
}

/** Bytes that may lie behind the flatbuffer. */
function dataSize(model: Model): number {
  let total = 0;
  for (const buffer of model.buffers ?? []) total += buffer.data?.byteLength ?? 0;
  for (const { operators } of model.subgraphs ?? []) {
    for (const { customOptions } of operators ?? []) total += customOptions?.byteLength ?? 0;
  }
  return total;
}

function placeInline(head: Uint8Array, pending: readonly Pending[]): FileLayout {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const parts: FileLayout['parts'] = [];
  let at = head.byteLength;
  for (const { data, fields } of pending) {
    const position = alignUp(at + 4, INLINE_ALIGNMENT);
    if (position + data.byteLength >= 2 ** 31)
      throw new GgmaError(
        'CIRCLE_TOO_LARGE',
        `expected a flatbuffer below 2 GiB, got ${position + data.byteLength} bytes; use external buffers`,
      );
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, data.byteLength, true);
    view.setUint32(fields.data, position - 4 - fields.data, true);
    parts.push({ position: position - 4, data: length }, { position, data });
    at = position + data.byteLength;
  }
  // Readers may check that the file's size is a multiple of the largest alignment.
  return { head, parts, size: pending.length > 0 ? alignUp(at, 4) : at };
}

function placeExternal(head: Uint8Array, pending: readonly Pending[]): FileLayout {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const parts: FileLayout['parts'] = [];
  let at = head.byteLength;
  for (const { data, fields } of pending) {
    const position = alignUp(at, EXTERNAL_ALIGNMENT);
    view.setBigUint64(fields.offset, BigInt(position), true);
    view.setBigUint64(fields.size, BigInt(data.byteLength), true);
    parts.push({ position, data });
    at = position + data.byteLength;
  }
  return { head, parts, size: at };
}

function alignUp(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment;
}
