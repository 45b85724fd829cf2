/**
 * Reads a flatc binary schema (.bfbs). Such a file is itself a flatbuffer, of reflection.fbs in the FlatBuffers
 * project; the field numbers below are those of that schema.
 */
import { ByteBuffer } from 'flatbuffers';

export type Scalar = 'bool' | 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f32' | 'f64';

export interface FieldSchema {
  /** As the schema spells it (snake case). */
  name: string;
  id: number;
  kind: 'scalar' | 'string' | 'table' | 'union';
  /** The scalar itself; of an enum or a union's type field, what stores it. */
  scalar: Scalar | null;
  /** The enum, table or union behind the field. */
  type: string | null;
  vector: boolean;
  default: string;
  deprecated: boolean;
  forceAlign: number;
}

export interface EnumSchema {
  name: string;
  isUnion: boolean;
  values: { name: string; value: string }[];
}

export interface Schema {
  tables: { name: string; fields: FieldSchema[] }[];
  enums: EnumSchema[];
}

const SCALARS: Record<number, Scalar> = {
  1: 'u8',
  2: 'bool',
  3: 'i8',
  4: 'u8',
  5: 'i16',
  6: 'u16',
  7: 'i32',
  8: 'u32',
  9: 'i64',
  10: 'u64',
  11: 'f32',
  12: 'f64',
};
const STRING = 13;
const VECTOR = 14;
const TABLE = 15;

/** One table of the binary schema; `at` gives the position of field `id`, or 0. */
class Cursor {
  readonly bytes: ByteBuffer;
  readonly position: number;
  constructor(bytes: ByteBuffer, position: number) {
    this.bytes = bytes;
    this.position = position;
  }
  at(id: number): number {
    const offset = this.bytes.__offset(this.position, 4 + 2 * id);
    return offset === 0 ? 0 : this.position + offset;
  }
  string(id: number): string {
    return this.bytes.__string(this.at(id)) as string;
  }
  table(id: number): Cursor {
    return new Cursor(this.bytes, this.bytes.__indirect(this.at(id)));
  }
  tables(id: number): Cursor[] {
    const at = this.at(id);
    if (at === 0) return [];
    const start = this.bytes.__vector(at);
    return Array.from(
      { length: this.bytes.__vector_len(at) },
      (_, i) => new Cursor(this.bytes, this.bytes.__indirect(start + 4 * i)),
    );
  }
  number(id: number, read: 'readInt8' | 'readUint16' | 'readInt32' | 'readFloat64', otherwise = 0): number {
    const at = this.at(id);
    return at === 0 ? otherwise : this.bytes[read](at);
  }
  long(id: number): bigint {
    const at = this.at(id);
    return at === 0 ? 0n : this.bytes.readInt64(at);
  }
}

export function readReflection(bfbs: Uint8Array): Schema {
  const bytes = new ByteBuffer(bfbs);
  const root = new Cursor(bytes, bytes.__indirect(0));
  const enums = root.tables(1).map((e) => ({
    name: plain(e.string(0)),
    isUnion: e.number(2, 'readInt8') !== 0,
    values: e.tables(1).map((v) => ({ name: v.string(0), value: String(v.long(1)) })),
  }));
  const objects = root.tables(0);
  const names = objects.map((object) => plain(object.string(0)));
  const tables = objects.map((object, i) => ({
    name: names[i]!,
    fields: object
      .tables(1)
      .map((field) => readField(field, names, enums))
      .sort((a, b) => a.id - b.id),
  }));
  return { tables, enums };
}

function readField(field: Cursor, tables: string[], enums: EnumSchema[]): FieldSchema {
  const type = field.table(1);
  const base = type.number(0, 'readInt8');
  const vector = base === VECTOR;
  const item = vector ? type.number(1, 'readInt8') : base;
  const index = type.number(2, 'readInt32', -1);
  const scalar = SCALARS[item] ?? null;
  const kind = scalar ? 'scalar' : item === STRING ? 'string' : item === TABLE ? 'table' : 'union';
  const isFloat = scalar === 'f32' || scalar === 'f64';
  const align = field.tables(9).find((attribute) => attribute.string(0) === 'force_align');
  return {
    name: field.string(0),
    id: field.number(2, 'readUint16'),
    kind,
    scalar,
    type: index < 0 ? null : kind === 'table' ? tables[index]! : enums[index]!.name,
    vector,
    default: isFloat ? String(field.number(5, 'readFloat64')) : String(field.long(4)),
    deprecated: field.number(6, 'readInt8') !== 0,
    forceAlign: align ? Number(align.string(1)) : 0,
  };
}

/** The name without its namespace. */
function plain(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
