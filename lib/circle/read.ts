/** Bytes → Model, driven by the schema's table description, so that every table is read the same way. */
import { GgmaError } from '../errors.ts';
import { Cursor, type TableLayout } from './cursor.ts';
import { Fault, reportingFaults } from './fault.ts';
import type { Model } from './index.ts';
import { type Field, SCALAR_SIZE, type Table, tableOf, unionMember } from './schema.ts';
import type { ByteSource } from './source.ts';
import { MemoryStore, type Store } from './store.ts';
import { checkTail } from './tail.ts';

type TableContent = Record<string, unknown>;

/**
 * Reads a Circle file in memory. Presence is kept: an absent vector, string or table is null, an empty one is empty.
 * Constants and other byte vectors are views of `bytes`; `Buffer.offset/size` is resolved into such a view too.
 * @throws GgmaError CIRCLE_CORRUPT, CIRCLE_UNSUPPORTED
 */
export function readModel(bytes: Uint8Array, where = 'model'): Model {
  return readStore(new MemoryStore(bytes), where);
}

/** {@link readModel} from any store; constants are what its `source` gives. */
export function readStore(store: Store, where = 'model'): Model {
  if (store.size === 0)
    throw new GgmaError('CIRCLE_CORRUPT', 'expected a Circle file, got no bytes', { path: where });
  const identifier = store.size < 8 ? '' : String.fromCharCode(...store.bytes(4, 4));
  if (identifier !== 'CIR0')
    throw new GgmaError(
      'CIRCLE_CORRUPT',
      `expected the file identifier CIR0 at byte 4, got ${JSON.stringify(identifier)}; this is no Circle file`,
      { path: where },
    );
  const cursor = new Cursor(store);
  return reportingFaults(() => {
    cursor.reach(0, 8);
    const model = new Reader(cursor).table(tableOf('Model'), cursor.follow(0));
    checkTail(cursor);
    return model as unknown as Model;
  });
}

class Reader {
  readonly #cursor: Cursor;
  /** By table, and by the position of the vtable. */
  readonly #layouts = new Map<Table, Map<number, TableLayout & { absent: TableContent }>>();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** One table as a plain object, with its fields in the schema's order. */
  table(table: Table, at: number): TableContent {
    const cursor = this.#cursor;
    const layout = this.#layout(table, cursor.vtable(at));
    cursor.table(at, layout);
    if (table.name === 'Buffer') return this.#buffer(layout, at);
    const result: TableContent = { ...layout.absent };
    const { present } = layout;
    // By index: filters run this unoptimised, where an iterator costs as much as what it gives.
    let i = 0;
    try {
      for (; i < present.length; i++) {
        const { field, offset } = present[i]!;
        const place = at + offset;
        result[field.key] = field.isReference
          ? this.#reference(field, result, cursor.follow(place))
          : cursor.scalar(field.scalar!, place);
      }
    } catch (error) {
      throw error instanceof Fault ? error.within(present[i]!.field.name) : error;
    }
    if (table.name === 'Operator') this.#resolveCustomOptions(result);
    return result;
  }

  #layout(table: Table, vtable: number): TableLayout & { absent: TableContent } {
    let layouts = this.#layouts.get(table);
    if (!layouts) {
      layouts = new Map();
      this.#layouts.set(table, layouts);
    }
    let layout = layouts.get(vtable);
    if (!layout) {
      layout = { ...this.#cursor.layout(vtable, table.fields), absent: {} };
      for (const field of table.fields) {
        // Deprecated fields are properties only where a file has them.
        if (!field.deprecated || layout.present.some((entry) => entry.field === field))
          layout.absent[field.key] = field.isReference ? null : field.initial;
      }
      layouts.set(vtable, layout);
    }
    return layout;
  }

  #reference(field: Field, owner: TableContent, at: number): unknown {
    if (field.vector) return this.#vector(field, at);
    if (field.kind === 'string') return this.#cursor.string(at);
    if (field.kind === 'table') return this.table(tableOf(field.type), at);
    const code = owner[`${field.key}Type`] as number;
    const member = unionMember(field.type, code);
    if (!member)
      throw new Fault(
        'CIRCLE_UNSUPPORTED',
        `expected a member of ${field.type} with a table, got code ${code}`,
      );
    return this.table(tableOf(member), at);
  }

  #vector(field: Field, at: number): unknown {
    const cursor = this.#cursor;
    const length = cursor.vector(at, field.scalar === null ? 4 : SCALAR_SIZE[field.scalar]);
    const start = at + 4;
    if (field.scalar === 'u8') return cursor.bytes(start, length);
    if (field.scalar === 'f32') {
      cursor.spend(length * 4);
      // A copy of the bits: a NaN's payload would not survive a number.
      return new Float32Array(new Uint8Array(cursor.store.bytes(start, length * 4)).buffer);
    }
    if (field.scalar !== null) return cursor.scalars(field.scalar, start, length);
    cursor.spend(length * 8);
    const table = field.kind === 'string' ? null : tableOf(field.type);
    const items = new Array<unknown>(length);
    let i = 0;
    try {
      for (; i < length; i++) {
        const place = cursor.follow(start + 4 * i);
        items[i] = table === null ? cursor.string(place) : this.table(table, place);
      }
    } catch (error) {
      throw error instanceof Fault ? error.within(`[${i}]`) : error;
    }
    return items;
  }

  /** Data within the flatbuffer, or behind it where offset > 1 says so (0 and 1 mean "not set"). */
  #buffer({ present }: TableLayout, at: number): TableContent {
    const cursor = this.#cursor;
    let inline: ByteSource | null = null;
    let [behind, size] = [0n, 0n];
    try {
      for (const { field, offset } of present) {
        if (field.name === 'data') {
          const vector = cursor.follow(at + offset);
          inline = cursor.store.source(vector + 4, cursor.vector(vector, 1));
        } else if (field.name === 'offset') behind = cursor.scalar('u64', at + offset) as bigint;
        else size = cursor.scalar('u64', at + offset) as bigint;
      }
      if (behind <= 1n || (inline !== null && inline.byteLength > 0)) return { data: inline };
      return { data: cursor.store.source(...this.#behind(behind, size)) };
    } catch (error) {
      throw error instanceof Fault ? error.within('data') : error;
    }
  }

  /** Large options of a custom operator lie behind the flatbuffer too; they are the same thing as inline ones. */
  #resolveCustomOptions(operator: TableContent): void {
    const offset = operator.largeCustomOptionsOffset as bigint;
    if (offset <= 1n) return;
    const place = this.#behind(offset, operator.largeCustomOptionsSize as bigint);
    operator.customOptions = this.#cursor.bytes(...place);
    operator.largeCustomOptionsOffset = 0n;
    operator.largeCustomOptionsSize = 0n;
  }

  #behind(offset: bigint, size: bigint): [at: number, size: number] {
    if (offset + size > BigInt(this.#cursor.size)) throw this.#cursor.cutShort(offset + size);
    this.#cursor.reach(Number(offset), Number(size));
    return [Number(offset), Number(size)];
  }
}
