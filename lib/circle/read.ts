/** Bytes → Model, driven by the schema's table description, so that every table is read the same way. */
import { GgmaError } from '../errors.ts';
import { Cursor } from './cursor.ts';
import { Fault, reportingFaults } from './fault.ts';
import type { Model } from './index.ts';
import { type Field, SCALAR_SIZE, type Table, tableOf, unionMember } from './schema.ts';
import type { ByteSource } from './source.ts';
import { MemoryStore, type Store } from './store.ts';
import { checkTail } from './tail.ts';

type Fields = Record<string, unknown>;

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
  private readonly cursor: Cursor;

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  /** One table as a plain object. */
  table(table: Table, at: number): Fields {
    const { cursor } = this;
    const { fields } = table;
    const vtable = cursor.table(at, fields.length);
    if (table.name === 'Buffer') return this.buffer(fields, at, vtable);
    const result: Fields = {};
    for (const field of fields) {
      try {
        const place = cursor.field(at, vtable, field.id, field.size);
        if (place !== 0)
          result[field.key] = field.isReference
            ? this.reference(field, result, cursor.follow(place))
            : cursor.scalar(field.scalar!, place);
        // Deprecated fields are properties only where a file has them.
        else if (!field.deprecated) result[field.key] = field.isReference ? null : field.initial;
      } catch (error) {
        throw error instanceof Fault ? error.within(field.name) : error;
      }
    }
    if (table.name === 'Operator') this.resolveCustomOptions(result);
    return result;
  }

  private reference(field: Field, owner: Fields, at: number): unknown {
    if (field.vector) return this.vector(field, at);
    if (field.kind === 'string') return this.cursor.string(at);
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

  private vector(field: Field, at: number): unknown {
    const { cursor } = this;
    const length = cursor.vector(at, field.scalar === null ? 4 : SCALAR_SIZE[field.scalar]);
    const start = at + 4;
    if (field.scalar === 'u8') return cursor.bytes(start, length);
    if (field.scalar === 'f32') {
      cursor.spend(length * 4);
      // A copy of the bits: a NaN's payload would not survive a number.
      return new Float32Array(cursor.store.bytes(start, length * 4).slice().buffer);
    }
    if (field.scalar !== null) return cursor.scalars(field.scalar, start, length);
    cursor.spend(length * 8);
    const table = field.kind === 'string' ? null : tableOf(field.type);
    const items = new Array<unknown>(length);
    for (let i = 0; i < length; i++) {
      try {
        const place = cursor.follow(start + 4 * i);
        items[i] = table === null ? cursor.string(place) : this.table(table, place);
      } catch (error) {
        throw error instanceof Fault ? error.within(`[${i}]`) : error;
      }
    }
    return items;
  }

  /** Data within the flatbuffer, or behind it where offset > 1 says so (0 and 1 mean "not set"). */
  private buffer(fields: readonly Field[], at: number, vtable: number): Fields {
    const { cursor } = this;
    const [data, offset, size] = fields.map((field) => cursor.field(at, vtable, field.id, field.size));
    let inline: ByteSource | null = null;
    if (data !== 0) {
      const vector = cursor.follow(data!);
      const length = cursor.vector(vector, 1);
      inline = cursor.store.source(vector + 4, length);
      if (length > 0) return { data: inline };
    }
    const behind = offset === 0 ? 0n : (cursor.scalar('u64', offset!) as bigint);
    if (behind <= 1n) return { data: inline };
    const length = size === 0 ? 0n : (cursor.scalar('u64', size!) as bigint);
    return { data: cursor.store.source(...this.behind(behind, length)) };
  }

  /** Large options of a custom operator lie behind the flatbuffer too; they are the same thing as inline ones. */
  private resolveCustomOptions(operator: Fields): void {
    const offset = operator.largeCustomOptionsOffset as bigint;
    if (offset <= 1n) return;
    const place = this.behind(offset, operator.largeCustomOptionsSize as bigint);
    operator.customOptions = this.cursor.bytes(...place);
    operator.largeCustomOptionsOffset = 0n;
    operator.largeCustomOptionsSize = 0n;
  }

  private behind(offset: bigint, size: bigint): [at: number, size: number] {
    if (offset + size > BigInt(this.cursor.size))
      throw this.cursor.corrupt(`${size} bytes of data at byte ${offset}`);
    this.cursor.reach(Number(offset), Number(size));
    return [Number(offset), Number(size)];
  }
}
