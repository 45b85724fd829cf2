/**
 * Bounds-checked reads from a flatbuffer. Nothing in the file is trusted: every offset, vtable, vector and string is
 * checked before it is used, alignment included, and all that tables become is counted, so that a small file whose
 * tables all share one part cannot take exponential time or memory.
 */
import { Fault } from './fault.ts';
import { type Field, SCALAR_SIZE, type Scalar } from './schema.ts';
import type { Store, Window } from './store.ts';
import { decodeText } from './text.ts';

/**
 * What may be visited per byte of file. Tables with nothing in them, the worst that a plain writer makes, reach 19; those
 * that share strings or tables stay far below.
 */
const SHARING_LIMIT = 24;
/** Bytes that may be visited at all: what a heap of a few GiB holds as objects. */
const VISIT_LIMIT = 2 ** 29;
/** What a field costs as a property of an object, whether the file has it or not. */
const FIELD_COST = 8;

/** What all tables with one vtable have in common. */
export interface TableLayout {
  present: { field: Field; offset: number }[];
  /** Bytes of a table. */
  size: number;
  /** 8 where a field needs it. */
  alignment: number;
  /** What a table counts for. */
  cost: number;
}

export class Cursor {
  readonly store: Store;
  readonly size: number;
  /** End of the last byte that anything refers to. */
  end = 0;
  #window: Window;
  #low: number;
  #high: number;
  #budget: number;

  constructor(store: Store) {
    this.store = store;
    this.size = store.size;
    this.#window = store.window(0, Math.min(4, store.size));
    this.#low = this.#window.start;
    this.#high = this.#low + this.#window.view.byteLength;
    this.#budget = Math.min(SHARING_LIMIT * store.size + 4096, VISIT_LIMIT);
  }

  /** Follows the offset stored at `at`. */
  follow(at: number): number {
    const target = at + this.#u32(at);
    if (target > this.size - 4) throw this.cutShort(target + 4);
    if (target === at) throw this.corrupt(`an offset at byte ${at} to itself`);
    return target;
  }

  /** Where the table at `at` keeps its vtable. */
  vtable(at: number): number {
    if (at % 4 !== 0) throw this.corrupt(`a table at byte ${at}, which is no multiple of 4`);
    return at - this.#i32(at);
  }

  /**
   * Checks a vtable for a table of these fields. Most tables of a file share few of them, so the result is kept.
   * @returns which fields tables with this vtable have, and where in the table
   */
  layout(vtable: number, fields: readonly Field[]): TableLayout {
    this.#within(vtable, 4);
    if (vtable % 2 !== 0) throw this.corrupt(`a vtable at the odd byte ${vtable}`);
    const [vtableSize, size] = [this.#u16(vtable), this.#u16(vtable + 2)];
    if (vtableSize < 4 || vtableSize % 2 !== 0 || size < 4)
      throw this.corrupt(`a vtable of ${vtableSize} bytes for a table of ${size}`);
    this.reach(vtable, vtableSize);
    const present: TableLayout['present'] = [];
    let alignment = 4;
    for (let id = 0; 4 + 2 * id < vtableSize; id++) {
      const offset = this.#u16(vtable + 4 + 2 * id);
      if (offset === 0) continue;
      const field = fields[id];
      if (!field)
        throw new Fault(
          'CIRCLE_UNSUPPORTED',
          `expected fields below ${fields.length}, got field ${id}; the file uses a newer schema`,
        );
      if (offset < 4 || offset + field.size > size)
        throw this.corrupt(`a field at ${offset} of a table of ${size} bytes`).within(field.name);
      const isOff = offset % Math.min(field.size, 4) !== 0;
      if (isOff) throw this.corrupt(`a field of ${field.size} bytes at ${offset}`).within(field.name);
      // 8 bytes ask for the table's own place to be right too; one rest for all such fields.
      if (field.size === 8) alignment = 8;
      present.push({ field, offset });
    }
    return { present, size, alignment, cost: vtableSize + size + FIELD_COST * fields.length };
  }

  /** Checks a table of that layout. */
  table(at: number, { present, size, alignment, cost }: TableLayout): void {
    this.reach(at, size);
    this.spend(cost);
    if (alignment === 4) return;
    for (const { field, offset } of present) {
      if (field.size === 8 && (at + offset) % 8 !== 0)
        throw this.corrupt(`a field of 8 bytes at byte ${at + offset}`).within(field.name);
    }
  }

  /** Length of the vector at `at`, whose elements start 4 bytes on. */
  vector(at: number, elementSize: number): number {
    if (at % 4 !== 0) throw this.corrupt(`a vector at byte ${at}, which is no multiple of 4`);
    const length = this.#u32(at);
    if (length * elementSize > this.size - at - 4) throw this.cutShort(at + 4 + length * elementSize);
    this.reach(at, 4 + length * elementSize);
    return length;
  }

  string(at: number): string {
    const length = this.vector(at, 1);
    this.spend(length);
    this.reach(at, 4 + length + 1);
    this.#within(at, 4 + length + 1);
    const { bytes } = this.#window;
    const start = at + 4 - this.#low;
    if (bytes[start + length] !== 0) throw this.corrupt(`a string at byte ${at} without a zero at its end`);
    return decodeText(bytes, start, start + length);
  }

  /** The elements of a vector of `length` scalars from `start` on. */
  scalars(kind: Scalar, start: number, length: number): (number | bigint | boolean)[] {
    const size = SCALAR_SIZE[kind];
    this.spend(length * Math.max(size, FIELD_COST));
    const items = new Array<number | bigint | boolean>(length);
    if (length === 0) return items;
    this.#within(start, length * size);
    if (kind === 'i32') {
      // Nearly all vectors are: shapes and indices.
      const { view } = this.#window;
      for (let i = 0, at = start - this.#low; i < length; i++, at += 4) items[i] = view.getInt32(at, true);
    } else for (let i = 0; i < length; i++) items[i] = this.scalar(kind, start + i * size);
    return items;
  }

  /** Bytes in memory: a view where the file is there already, else a copy, which counts. */
  bytes(start: number, length: number): Uint8Array {
    if (this.store.copies) this.spend(length);
    return this.store.bytes(start, length);
  }

  scalar(kind: Scalar, at: number): number | bigint | boolean {
    this.#within(at, SCALAR_SIZE[kind]);
    const { view } = this.#window;
    const offset = at - this.#low;
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
    this.#budget -= bytes;
    if (this.#budget < 0)
      throw new Fault(
        'CIRCLE_CORRUPT',
        `expected tables that visit at most ${SHARING_LIMIT} times the file's ${this.size} bytes and ${VISIT_LIMIT} in all, got more`,
      );
  }

  /** Checks that a part lies within the file, and keeps in mind that it is used. */
  reach(at: number, size: number): void {
    if (at < 0) throw this.corrupt(`${size} bytes at byte ${at}`);
    if (at + size > this.size) throw this.cutShort(at + size);
    if (at + size > this.end) this.end = at + size;
  }

  /** Something is needed up to byte `end`, which the file does not have: most often the rest of it never arrived. */
  cutShort(end: number | bigint): Fault {
    return new Fault(
      'CIRCLE_CORRUPT',
      `expected at least ${end} bytes, as offsets in the file say, got ${this.size}: the file is cut short or damaged`,
    );
  }

  corrupt(what: string): Fault {
    return new Fault(
      'CIRCLE_CORRUPT',
      `expected a flatbuffer of ${this.size} bytes with aligned offsets within them, got ${what}`,
    );
  }

  #u16(at: number): number {
    this.#within(at, 2);
    return this.#window.view.getUint16(at - this.#low, true);
  }

  #u32(at: number): number {
    this.#within(at, 4);
    return this.#window.view.getUint32(at - this.#low, true);
  }

  #i32(at: number): number {
    this.#within(at, 4);
    return this.#window.view.getInt32(at - this.#low, true);
  }

  /** Brings the bytes into the window. */
  #within(at: number, size: number): void {
    if (at >= this.#low && at + size <= this.#high) return;
    if (at < 0) throw this.corrupt(`${size} bytes at byte ${at}`);
    if (at + size > this.size) throw this.cutShort(at + size);
    this.#window = this.store.window(at, size);
    this.#low = this.#window.start;
    this.#high = this.#low + this.#window.view.byteLength;
  }
}
