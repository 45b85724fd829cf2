/** Bytes → Model, driven by the schema's table description, so that every table is read the same way. */
import { GgmaError } from '../errors.ts';
import { Cursor } from './cursor.ts';
import type { CircleBuffer, Model, Operator } from './index.ts';
import { type Field, SCALAR_SIZE, tableOf, unionMember } from './schema.ts';

type Fields = Record<string, unknown>;

/**
 * Reads a Circle file. Presence is kept: an absent vector, string or table is null, an empty one is empty. Constants
 * and other byte vectors are views of `bytes`; `Buffer.offset/size` is resolved into such a view too.
 * @throws GgmaError CIRCLE_EMPTY, CIRCLE_IDENTIFIER, CIRCLE_CORRUPT, CIRCLE_TOO_COMPLEX, CIRCLE_UNSUPPORTED
 */
export function readModel(bytes: Uint8Array, where = 'model'): Model {
  if (bytes.byteLength === 0)
    throw new GgmaError('CIRCLE_EMPTY', 'expected a Circle file, got no bytes', { path: where });
  const identifier = bytes.byteLength < 8 ? '' : String.fromCharCode(...bytes.subarray(4, 8));
  if (identifier !== 'CIR0')
    throw new GgmaError(
      'CIRCLE_IDENTIFIER',
      `expected the file identifier CIR0 at byte 4, got ${JSON.stringify(identifier)}; this is no Circle file`,
      { path: where },
    );
  const reader = new Reader(new Cursor(bytes));
  return reader.table('Model', reader.root(), '') as unknown as Model;
}

class Reader {
  private readonly cursor: Cursor;

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  root(): number {
    return this.cursor.follow(0, 'model');
  }

  /** One table as a plain object. */
  table(name: string, at: number, path: string): Fields {
    const table = this.cursor.table(at, path);
    const result: Fields = {};
    this.cursor.refuseUnknown(table, tableOf(name).fields.length, path);
    for (const field of tableOf(name).fields) {
      const size = field.vector || field.scalar === null ? 4 : SCALAR_SIZE[field.scalar];
      const place = this.cursor.field(table, field.id, size, path);
      // Deprecated fields are properties only where a file has them.
      if (place === 0 && field.deprecated) continue;
      const where = path === '' ? field.name : `${path}.${field.name}`;
      if (field.kind === 'scalar' && !field.vector)
        result[field.key] = place === 0 ? field.initial : this.cursor.scalar(field.scalar!, place, where);
      else if (place === 0) result[field.key] = null;
      else result[field.key] = this.reference(field, result, this.cursor.follow(place, where), where);
    }
    if (name === 'Buffer') return this.buffer(result, path) as unknown as Fields;
    if (name === 'Operator') this.resolveCustomOptions(result as unknown as Operator, path);
    return result;
  }

  private reference(field: Field, owner: Fields, at: number, path: string): unknown {
    if (field.vector) return this.vector(field, at, path);
    if (field.kind === 'string') return this.cursor.string(at, path);
    if (field.kind === 'table') return this.table(field.type, at, path);
    const code = owner[`${field.key}Type`] as number;
    const member = unionMember(field.type, code);
    if (member === undefined)
      throw new GgmaError('CIRCLE_UNSUPPORTED', `expected a member of ${field.type}, got code ${code}`, {
        path,
      });
    return member === '' ? null : this.table(member, at, path);
  }

  private vector(field: Field, at: number, path: string): unknown {
    const { cursor } = this;
    const size = field.scalar === null ? 4 : SCALAR_SIZE[field.scalar];
    const { start, length } = cursor.vector(at, size, path);
    if (field.scalar === 'u8') return cursor.bytes.subarray(start, start + length);
    cursor.spend(length * size, path);
    if (field.scalar === 'f32') {
      // A copy of the bits: a NaN's payload would not survive a number.
      return new Float32Array(cursor.bytes.slice(start, start + length * 4).buffer);
    }
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) {
      const place = start + i * size;
      if (field.scalar !== null) items.push(cursor.scalar(field.scalar, place, path));
      else {
        const where = `${path}[${i}]`;
        const target = cursor.follow(place, where);
        items.push(
          field.kind === 'string' ? cursor.string(target, where) : this.table(field.type, target, where),
        );
      }
    }
    return items;
  }

  /** Data within the table, or behind the flatbuffer where offset > 1 says so (0 and 1 mean "not set"). */
  private buffer(fields: Fields, path: string): CircleBuffer {
    const [offset, size] = [fields.offset as bigint, fields.size as bigint];
    const inline = fields.data as Uint8Array | null;
    if (offset <= 1n || (inline !== null && inline.byteLength > 0)) return { data: inline };
    return { data: this.behind(offset, size, path) };
  }

  /** Large options of a custom operator lie behind the flatbuffer too; they are the same thing as inline ones. */
  private resolveCustomOptions(operator: Operator, path: string): void {
    if (operator.largeCustomOptionsOffset <= 1n) return;
    operator.customOptions = this.behind(
      operator.largeCustomOptionsOffset,
      operator.largeCustomOptionsSize,
      path,
    );
    operator.largeCustomOptionsOffset = 0n;
    operator.largeCustomOptionsSize = 0n;
  }

  private behind(offset: bigint, size: bigint, path: string): Uint8Array {
    const { bytes } = this.cursor;
    if (offset + size > BigInt(bytes.byteLength))
      throw this.cursor.corrupt(`${size} bytes of data at byte ${offset}`, path);
    return bytes.subarray(Number(offset), Number(offset + size));
  }
}
