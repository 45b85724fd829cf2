/** The schema as the codec walks it: tables parsed, on first use, from the one-line descriptions that flatc's output gave. */
import { TABLES, UNIONS } from './schema/generated/tables.ts';

/** Width in bytes and name of the scalars that Circle uses. */
export const SCALAR_SIZE = {
  bool: 1,
  i8: 1,
  u8: 1,
  u16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  i64: 8,
  u64: 8,
} as const;

export type Scalar = keyof typeof SCALAR_SIZE;

export interface Field {
  /** Property name, as flatc spells it: `builtinOptionsType`. */
  key: string;
  /** Name in the schema, for paths in messages: `builtin_options_type`. */
  name: string;
  /** Number of the field; its vtable entry lies at 4 + 2 · id. */
  id: number;
  kind: 'scalar' | 'string' | 'table' | 'union';
  scalar: Scalar | null;
  /** Table or union name. */
  type: string;
  /** The enum, or the union, that a scalar is a member of; '' for plain numbers. */
  enum: string;
  vector: boolean;
  /** Whether the table holds an offset to the content instead of the content. */
  isReference: boolean;
  /** Bytes in the table. */
  size: number;
  initial: number | bigint | boolean;
  /** Alignment that the schema forces on a vector's first element; 0 for none. */
  align: number;
  deprecated: boolean;
}

export interface Table {
  name: string;
  fields: Field[];
}

const parsed = new Map<string, Table>();

/** The table of that name; it must be one of the schema's. */
export function tableOf(name: string): Table {
  let table = parsed.get(name);
  if (!table) {
    const line = TABLES[name]!;
    table = { name, fields: line === '' ? [] : line.split(' ').map(parseField) };
    parsed.set(name, table);
  }
  return table;
}

const unions = new Map<string, Map<number, string>>();

/** Member table of a union by its code; undefined for a code that the schema does not have, '' for NONE. */
export function unionMember(union: string, code: number): string | undefined {
  let members = unions.get(union);
  if (!members) {
    members = new Map();
    for (const entry of UNIONS[union]!.split(' ')) {
      const [number, name] = entry.split(':') as [string, string];
      members.set(Number(number), name === 'NONE' ? '' : name);
    }
    unions.set(union, members);
  }
  return members.get(code);
}

/** Names of all tables and unions, for tests that have to cover every one. */
export const tableNames: readonly string[] = Object.keys(TABLES);
export const unionNames: readonly string[] = Object.keys(UNIONS);

/** Codes of a union, NONE included. */
export function unionCodes(union: string): number[] {
  return UNIONS[union]!.split(' ').map((entry) => Number(entry.split(':')[0]));
}

/** `name:type=default^align!`; see scripts/schema/render.ts. */
function parseField(word: string, id: number): Field {
  const match = /^(\w+):(\[?)([@?]?)(\w+)(?:\/(\w+))?\]?(?:=([^^!]+))?(?:\^(\d+))?(!?)$/.exec(word)!;
  const [, name, bracket, sigil, type, members, initial, align, deprecated] = match as unknown as string[];
  const kind = sigil === '@' ? 'table' : sigil === '?' ? 'union' : type === 'str' ? 'string' : 'scalar';
  const scalar = kind === 'scalar' ? (type as Scalar) : null;
  return {
    key: name!.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    name: name!,
    id,
    kind,
    scalar,
    type: type!,
    enum: members ?? '',
    vector: bracket === '[',
    isReference: bracket === '[' || scalar === null,
    size: bracket === '[' || scalar === null ? 4 : SCALAR_SIZE[scalar],
    initial: initialOf(scalar, initial),
    align: Number(align ?? 0),
    deprecated: deprecated === '!',
  };
}

function initialOf(scalar: Scalar | null, text: string | undefined): number | bigint | boolean {
  if (scalar === 'bool') return text !== undefined && text !== '0';
  if (scalar === 'i64' || scalar === 'u64') return BigInt(text ?? 0);
  return Number(text ?? 0);
}
