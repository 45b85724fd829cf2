/** `name=value …` in the graph language → fields of a table of the schema. */
import * as enums from '../../../lib/circle/enums.ts';
import { typeNamed } from '../../../lib/circle/print/types.ts';
import { usualFields } from '../../../lib/circle/print/usual.ts';
import { type Field, tableOf, unionCodes, unionMember } from '../../../lib/circle/schema.ts';
import type { Words } from './scan.ts';

export type Fields = Record<string, unknown>;

/** Whether a field begins here. */
export function isField(words: Words): boolean {
  return words.peek().kind === 'name' && words.is('=', 1);
}

/** Reads one `name=value` into the fields of a table. */
export function readField(words: Words, table: string, fields: Fields): void {
  const key = words.name();
  words.expect('=');
  const field = tableOf(table).fields.find((known) => known.key === key);
  if (!field) throw new Error(`${table} has no field ${key}`);
  if (words.peek().text === 'null' && field.kind !== 'union') {
    words.next();
    fields[key] = null;
  } else if (field.kind === 'union') readUnion(words, field, fields);
  else fields[key] = field.vector ? readVector(words, field) : readItem(words, field);
}

function readUnion(words: Words, field: Field, fields: Fields): void {
  const member = words.name();
  const code = unionCodes(field.type).find((number) => unionMember(field.type, number) === member);
  if (code === undefined) throw new Error(`${field.type} has no member ${member}`);
  fields[`${field.key}Type`] = code;
  fields[field.key] = words.is('{') ? readTable(words, member) : null;
}

/** `{name=value …}`; what is not said is absent. */
function readTable(words: Words, table: string): Fields {
  const fields: Fields = {};
  for (const field of tableOf(table).fields)
    if (!field.deprecated) fields[field.key] = field.vector || field.scalar === null ? null : field.initial;
  words.expect('{');
  while (!words.take('}')) readField(words, table, fields);
  return fields;
}

function readVector(words: Words, field: Field): unknown {
  if (field.scalar === 'u8') return hexBytes(words.next().text);
  const items = words.list('[', ']', () => readItem(words, field));
  return field.scalar === 'f32' ? Float32Array.from(items as number[]) : items;
}

function readItem(words: Words, field: Field): unknown {
  if (field.kind === 'table') return readTable(words, field.type);
  const { kind, text } = words.next();
  if (field.kind === 'string') return JSON.parse(text);
  if (field.scalar === 'bool') {
    if (text !== 'true' && text !== 'false') throw new Error(`expected true or false, got '${text}'`);
    return text === 'true';
  }
  if (field.scalar === 'i64' || field.scalar === 'u64') return BigInt(text);
  if (field.enum === 'TensorType' && kind === 'name') return typeNamed(text);
  if (field.enum !== '' && kind === 'name') return memberOf(field.enum, text);
  return field.scalar === 'f32' ? Math.fround(numberOf(text)) : numberOf(text);
}

function memberOf(name: string, member: string): number {
  const value = (enums as unknown as Record<string, Record<string, number>>)[name]?.[member];
  if (value === undefined) throw new Error(`${name} has no member ${member}`);
  return value;
}

export function numberOf(text: string): number {
  const value = Number(text.replace(/inf$/, 'Infinity').replace(/^nan$/, 'NaN'));
  if (Number.isNaN(value) && text !== 'nan') throw new Error(`expected a number, got '${text}'`);
  return value;
}

/** `0x00ff` → bytes */
export function hexBytes(text: string): Uint8Array {
  if (!/^0x([0-9a-f]{2})*$/.test(text)) throw new Error(`expected bytes like 0x00ff, got '${text}'`);
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

export { usualFields };
