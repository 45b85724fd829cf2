/**
 * Bounds-checked reads from a flatbuffer. Nothing in the file is trusted: every offset, vtable, vector and string is
 * checked before it is used, and all the bytes that tables reach are counted, so that a small file whose tables all
 * share one part cannot take exponential time or memory.
 */
import { GgmaError } from '../errors.ts';
import { SCALAR_SIZE, type Scalar } from './schema.ts';
import { decodeText } from './text.ts';

/** Bytes that may be visited per byte of file; writers that share strings or tables stay far below it. */
const SHARING_LIMIT = 16;

export class Cursor {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private budget: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.budget = SHARING_LIMIT * bytes.byteLength + 4096;
  }

  /** Follows the offset stored at `at`. */
  follow(at: number, path: string): number {
    const target = at + this.u32(at, path);
    if (target > this.bytes.byteLength - 4)
      throw this.corrupt(`an offset at byte ${at} leads to byte ${target}`, path);
    return target;
  }

  /** The vtable of a table: where each field lies, 0 for absent. */
  table(at: number, path: string): TableAt {
    const back = this.i32(at, path);
    const vtable = at - back;
    this.within(vtable, 4, path);
    if (vtable % 2 !== 0) throw this.corrupt(`a vtable at the odd byte ${vtable}`, path);
    const vtableSize = this.view.getUint16(vtable, true);
    const tableSize = this.view.getUint16(vtable + 2, true);
    if (vtableSize < 4 || vtableSize % 2 !== 0 || tableSize < 4)
      throw this.corrupt(`a vtable of ${vtableSize} bytes for a table of ${tableSize}`, path);
    this.within(vtable, vtableSize, path);
    this.within(at, tableSize, path);
    this.spend(vtableSize + tableSize, path);
    return { at, vtable, entries: (vtableSize - 4) / 2, size: tableSize };
  }

  /** Refuses fields that this schema does not know: they could not be written back. */
  refuseUnknown(table: TableAt, known: number, path: string): void {
    for (let id = known; id < table.entries; id++) {
      if (this.view.getUint16(table.vtable + 4 + 2 * id, true) !== 0)
        throw new GgmaError(
          'CIRCLE_UNSUPPORTED',
          `expected fields below ${known}, got field ${id}; the file uses a newer schema`,
          { path },
        );
    }
  }

  /** Where field `id` of `size` bytes lies, or 0 when it is absent. */
  field(table: TableAt, id: number, size: number, path: string): number {
    if (id >= table.entries) return 0;
    const offset = this.view.getUint16(table.vtable + 4 + 2 * id, true);
    if (offset === 0) return 0;
    if (offset < 4 || offset + size > table.size)
      throw this.corrupt(`field ${id} at ${offset} of a table of ${table.size} bytes`, path);
    return table.at + offset;
  }

  /** Length and first element of the vector at `at`. */
  vector(at: number, elementSize: number, path: string): { start: number; length: number } {
    const length = this.u32(at, path);
    const size = length * elementSize;
    if (size > this.bytes.byteLength - at - 4)
      throw this.corrupt(`a vector of ${length} × ${elementSize} bytes at byte ${at}`, path);
    return { start: at + 4, length };
  }

  /** Counts bytes that become objects; views of the input cost nothing. */
  spend(bytes: number, path: string): void {
    this.budget -= bytes;
    if (this.budget < 0)
      throw new GgmaError(
        'CIRCLE_TOO_COMPLEX',
        `expected tables that visit at most ${SHARING_LIMIT} times the file's ${this.bytes.byteLength} bytes, got more`,
        { path },
      );
  }

  string(at: number, path: string): string {
    const { start, length } = this.vector(at, 1, path);
    this.spend(length, path);
    return decodeText(this.bytes.subarray(start, start + length));
  }

  scalar(kind: Scalar, at: number, path: string): number | bigint | boolean {
    this.within(at, SCALAR_SIZE[kind], path);
    switch (kind) {
      case 'bool':
        return this.view.getUint8(at) !== 0;
      case 'i8':
        return this.view.getInt8(at);
      case 'u8':
        return this.view.getUint8(at);
      case 'u16':
        return this.view.getUint16(at, true);
      case 'i32':
        return this.view.getInt32(at, true);
      case 'u32':
        return this.view.getUint32(at, true);
      case 'f32':
        return this.view.getFloat32(at, true);
      case 'i64':
        return this.view.getBigInt64(at, true);
      case 'u64':
        return this.view.getBigUint64(at, true);
    }
  }

  corrupt(what: string, path: string): GgmaError {
    return new GgmaError(
      'CIRCLE_CORRUPT',
      `expected offsets within the file's ${this.bytes.byteLength} bytes, got ${what}`,
      {
        path,
      },
    );
  }

  private u32(at: number, path: string): number {
    this.within(at, 4, path);
    return this.view.getUint32(at, true);
  }

  private i32(at: number, path: string): number {
    this.within(at, 4, path);
    return this.view.getInt32(at, true);
  }

  private within(at: number, size: number, path: string): void {
    if (at < 0 || at + size > this.bytes.byteLength) throw this.corrupt(`${size} bytes at byte ${at}`, path);
  }
}

export interface TableAt {
  at: number;
  vtable: number;
  entries: number;
  size: number;
}
