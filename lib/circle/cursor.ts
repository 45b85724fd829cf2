/**
 * Bounds-checked reads from a flatbuffer. Nothing in the file is trusted: every offset, vtable, vector and string is
 * checked before it is used, alignment included, and all that tables become is counted, so that a small file whose
 * tables all share one part cannot take exponential time or memory.
 */
import { Fault } from './fault.ts';
import { SCALAR_SIZE, type Scalar } from './schema.ts';
import type { Store, Window } from './store.ts';
import { decodeText } from './text.ts';

/** Bytes that may be visited per byte of file; writers that share strings or tables stay far below it. */
const SHARING_LIMIT = 16;
/** Bytes that may be visited at all: what a heap of a few GiB holds as objects. */
const VISIT_LIMIT = 2 ** 29;
/** What a field costs as a property of an object, whether the file has it or not. */
const FIELD_COST = 8;

export class Cursor {
  readonly store: Store;
  readonly size: number;
  /** End of the last byte that anything refers to. */
  end = 0;
  private window: Window;
  private low: number;
  private high: number;
  private budget: number;

  constructor(store: Store) {
    this.store = store;
    this.size = store.size;
    this.window = store.window(0, Math.min(4, store.size));
    this.low = this.window.start;
    this.high = this.low + this.window.view.byteLength;
    this.budget = Math.min(SHARING_LIMIT * store.size + 4096, VISIT_LIMIT);
  }

  /** Follows the offset stored at `at`. */
  follow(at: number): number {
    const target = at + this.u32(at);
    if (target > this.size - 4 || target === at)
      throw this.corrupt(`an offset at byte ${at} to byte ${target}`);
    return target;
  }

  /** Checks a table of `fields` known fields and returns where its vtable lies. */
  table(at: number, fields: number): number {
    if (at % 4 !== 0) throw this.corrupt(`a table at byte ${at}, which is no multiple of 4`);
    const vtable = at - this.i32(at);
    this.within(vtable, 4);
    if (vtable % 2 !== 0) throw this.corrupt(`a vtable at the odd byte ${vtable}`);
    const vtableSize = this.u16(vtable);
    const tableSize = this.u16(vtable + 2);
    if (vtableSize < 4 || vtableSize % 2 !== 0 || tableSize < 4)
      throw this.corrupt(`a vtable of ${vtableSize} bytes for a table of ${tableSize}`);
    this.reach(vtable, vtableSize);
    this.reach(at, tableSize);
    this.spend(vtableSize + tableSize + FIELD_COST * fields);
    if (vtableSize > 4 + 2 * fields) this.refuseUnknown(vtable, vtableSize, fields);
    return vtable;
  }

  /** Where field `id` of `size` bytes lies, or 0 when it is absent. */
  field(at: number, vtable: number, id: number, size: number): number {
    const entry = 4 + 2 * id;
    if (entry >= this.u16(vtable)) return 0;
    const offset = this.u16(vtable + entry);
    if (offset === 0) return 0;
    if (offset < 4 || offset + size > this.u16(vtable + 2))
      throw this.corrupt(`a field at ${offset} of a table of ${this.u16(vtable + 2)} bytes`);
    if ((at + offset) % size !== 0)
      throw this.corrupt(`a field of ${size} bytes at byte ${at + offset}, which is no multiple of it`);
    return at + offset;
  }

  /** Length of the vector at `at`, whose elements start 4 bytes on. */
  vector(at: number, elementSize: number): number {
    if (at % 4 !== 0) throw this.corrupt(`a vector at byte ${at}, which is no multiple of 4`);
    const length = this.u32(at);
    if (length * elementSize > this.size - at - 4)
      throw this.corrupt(`a vector of ${length} × ${elementSize} bytes at byte ${at}`);
    this.reach(at, 4 + length * elementSize);
    return length;
  }

  string(at: number): string {
    const length = this.vector(at, 1);
    this.spend(length);
    if (at + 4 + length >= this.size || this.u8(at + 4 + length) !== 0)
      throw this.corrupt(`a string at byte ${at} without a zero at its end`);
    this.reach(at, 5 + length);
    return decodeText(this.store.bytes(at + 4, length));
  }

  /** The elements of a vector of `length` scalars from `start` on. */
  scalars(kind: Scalar, start: number, length: number): (number | bigint | boolean)[] {
    const size = SCALAR_SIZE[kind];
    this.spend(length * Math.max(size, FIELD_COST));
    const items = new Array<number | bigint | boolean>(length);
    if (length > 0) this.within(start, length * size);
    for (let i = 0; i < length; i++) items[i] = this.scalar(kind, start + i * size);
    return items;
  }

  /** Bytes in memory: a view where the file is there already, else a copy, which counts. */
  bytes(start: number, length: number): Uint8Array {
    if (this.store.copies) this.spend(length);
    return this.store.bytes(start, length);
  }

  scalar(kind: Scalar, at: number): number | bigint | boolean {
    this.within(at, SCALAR_SIZE[kind]);
    const { view } = this.window;
    const offset = at - this.low;
    switch (kind) {
      case 'i32':
        return view.getInt32(offset, true);
      case 'i8':
        return view.getInt8(offset);
      case 'u32':
        return view.getUint32(offset, true);
      case 'bool':
        return view.getUint8(offset) !== 0;
      case 'u8':
        return view.getUint8(offset);
      case 'u16':
        return view.getUint16(offset, true);
      case 'f32':
        return view.getFloat32(offset, true);
      case 'i64':
        return view.getBigInt64(offset, true);
      case 'u64':
        return view.getBigUint64(offset, true);
    }
  }

  /** Counts bytes that become objects; views of the input cost nothing. */
  spend(bytes: number): void {
    this.budget -= bytes;
    if (this.budget < 0)
      throw new Fault(
        'CIRCLE_CORRUPT',
        `expected tables that visit at most ${SHARING_LIMIT} times the file's ${this.size} bytes and ${VISIT_LIMIT} in all, got more`,
      );
  }

  /** Checks that a part lies within the file, and keeps in mind that it is used. */
  reach(at: number, size: number): void {
    if (at < 0 || at + size > this.size) throw this.corrupt(`${size} bytes at byte ${at}`);
    if (at + size > this.end) this.end = at + size;
  }

  corrupt(what: string): Fault {
    return new Fault(
      'CIRCLE_CORRUPT',
      `expected a flatbuffer of ${this.size} bytes with aligned offsets within them, got ${what}`,
    );
  }

  /** Fields that this schema does not know could not be written back. */
  private refuseUnknown(vtable: number, vtableSize: number, known: number): void {
    for (let id = known; 4 + 2 * id < vtableSize; id++) {
      if (this.u16(vtable + 4 + 2 * id) !== 0)
        throw new Fault(
          'CIRCLE_UNSUPPORTED',
          `expected fields below ${known}, got field ${id}; the file uses a newer schema`,
        );
    }
  }

  private u8(at: number): number {
    this.within(at, 1);
    return this.window.view.getUint8(at - this.low);
  }

  private u16(at: number): number {
    this.within(at, 2);
    return this.window.view.getUint16(at - this.low, true);
  }

  private u32(at: number): number {
    this.within(at, 4);
    return this.window.view.getUint32(at - this.low, true);
  }

  private i32(at: number): number {
    this.within(at, 4);
    return this.window.view.getInt32(at - this.low, true);
  }

  /** Brings the bytes into the window. */
  private within(at: number, size: number): void {
    if (at >= this.low && at + size <= this.high) return;
    if (at < 0 || at + size > this.size) throw this.corrupt(`${size} bytes at byte ${at}`);
    this.window = this.store.window(at, size);
    this.low = this.window.start;
    this.high = this.low + this.window.view.byteLength;
  }
}
