/** Tables of the schema as text: `scale=[0.5] details=MXQuantization{axis=1}`. */
import { enumName } from '../names.ts';
import { type Field, tableOf, unionMember } from '../schema.ts';
import { float32Text } from './numbers.ts';
import { typeName } from './types.ts';

type TableContent = Record<string, unknown>;

export interface FieldOptions {
  /** Fields that are said elsewhere. */
  omit?: ReadonlySet<string>;
  /** Values that need not be said; default: what an absent field means. */
  usual?: TableContent;
}

/** The fields of a table that have to be said, `name=value` each, in the schema's order. */
export function fieldTexts(
  table: string,
  content: TableContent,
  { omit, usual }: FieldOptions = {},
): string[] {
  const texts: string[] = [];
  for (const field of tableOf(table).fields) {
    if (omit?.has(field.key) || isUnionType(table, field)) continue;
    const value = content[field.key];
    if (value === undefined) continue;
    const code = field.kind === 'union' ? (content[`${field.key}Type`] as number) : 0;
    const absent = field.vector || field.scalar === null ? null : field.initial;
    const expected = usual && field.key in usual ? usual[field.key] : absent;
    const isSaid = same(value, expected) && code === 0;
    // With other defaults than the schema's, whatever is not 0 is shown: nobody has to know them.
    const isBlank = usual === undefined || !value || Array.isArray(value);
    if (isSaid && isBlank) continue;
    texts.push(`${field.key}=${valueText(field, value, code)}`);
  }
  return texts;
}

/** `builtin_options_type` goes without saying beside `builtin_options`. */
function isUnionType(table: string, field: Field): boolean {
  return (
    field.kind === 'scalar' &&
    tableOf(table).fields.some(({ kind, key }) => kind === 'union' && field.key === `${key}Type`)
  );
}

function valueText(field: Field, value: unknown, code: number): string {
  // Only a value that is usually there can be absent and have to be said.
  if (value === null && field.kind !== 'union') return 'null';
  if (field.kind === 'union') {
    const member = unionMember(field.type, code) || `${code}`;
    return value === null ? member : `${member}${tableText(member, value as TableContent)}`;
  }
  if (!field.vector)
    return field.kind === 'table' ? tableText(field.type, value as TableContent) : itemText(field, value);
  if (field.scalar === 'u8') return hexText(value as Uint8Array);
  const items = Array.from(value as ArrayLike<unknown>, (item) =>
    field.kind === 'table' ? tableText(field.type, item as TableContent) : itemText(field, item),
  );
  return `[${items.join(',')}]`;
}

function tableText(table: string, content: TableContent): string {
  return `{${fieldTexts(table, content).join(' ')}}`;
}

function itemText(field: Field, value: unknown): string {
  if (field.kind === 'string') return JSON.stringify(value);
  if (field.enum === 'TensorType') return typeName(value as number);
  if (field.enum !== '') return enumName(field.enum, value as number) ?? `${value}`;
  return field.scalar === 'f32' ? float32Text(value as number) : `${value}`;
}

/** `0x00ff` */
export function hexText(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => Object.is(item, b[i]));
  return Object.is(a, b);
}
