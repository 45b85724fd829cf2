/** Texts of the generated files: the enums, the description of the tables, and the types. */
import type { FieldSchema, Schema } from './reflection.ts';

const HEADER = '// Made by scripts/schema.ts from ../circle.fbs; do not edit.\n\n';

/** flatc's spelling of a property: `builtin_options_2_type` → `builtinOptions2Type`. */
function camelCase(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * One line of text per table, one word per field, in the order of their numbers:
 * `name:type`, type = a scalar (`i32`), `i8/Enum`, `str`, `@Table` or `?Union`, in brackets for a vector, then
 * `=default`, `^alignment`, `!` for deprecated. Parsed on first use by ../../schema.ts.
 */
export function renderTables(schema: Schema): string {
  const tables = schema.tables.map(({ name, fields }) => {
    fields.forEach((field, i) => {
      if (field.id !== i) throw new Error(`${name}.${field.name}: field numbers have a hole at ${i}`);
    });
    return `  ${name}: '${fields.map(word).join(' ')}',\n`;
  });
  const unions = schema.enums
    .filter((e) => e.isUnion)
    .map((e) => `  ${e.name}: '${e.values.map((v) => `${v.value}:${v.name}`).join(' ')}',\n`);
  return [
    HEADER,
    `export const TABLES: Readonly<Record<string, string>> = {\n${tables.join('')}};\n\n`,
    `export const UNIONS: Readonly<Record<string, string>> = {\n${unions.join('')}};\n`,
  ].join('');
}

function word(field: FieldSchema): string {
  let type: string;
  if (field.kind === 'string') type = 'str';
  else if (field.kind === 'table') type = `@${field.type}`;
  else if (field.kind === 'union') type = `?${field.type}`;
  else type = field.type === null ? field.scalar! : `${field.scalar}/${field.type}`;
  if (field.vector) type = `[${type}]`;
  const initial =
    field.kind === 'scalar' && !field.vector && field.default !== '0' ? `=${field.default}` : '';
  const align = field.forceAlign > 0 ? `^${field.forceAlign}` : '';
  return `${field.name}:${type}${initial}${align}${field.deprecated ? '!' : ''}`;
}

/** Fields whose bytes may lie in a file, or behind the flatbuffer, and are resolved by the reader. */
const BUFFER_FIELDS = new Set(['Buffer.offset', 'Buffer.size']);

export function renderTypes(schema: Schema): string {
  const names = schema.enums.map((e) => e.name).toSorted();
  const unions = schema.enums.filter((e) => e.isUnion);
  const tables = schema.tables.map(({ name, fields }) => {
    const lines = fields
      .filter((field) => !BUFFER_FIELDS.has(`${name}.${field.name}`))
      .map((field) => {
        const mark = field.deprecated ? '?' : '';
        const type = name === 'Buffer' && field.name === 'data' ? 'ByteSource | null' : typeOf(field);
        return `  ${camelCase(field.name)}${mark}: ${type};\n`;
      });
    // A table without fields: any object will do, and `{}` would also let strings through.
    const title = name === 'Buffer' ? 'CircleBuffer' : name;
    if (lines.length === 0) return `export type ${title} = Record<string, never>;\n\n`;
    return `export interface ${title} {\n${lines.join('')}}\n\n`;
  });
  const members = unions.map((union) => {
    const rows = union.values
      .filter((v) => v.value !== '0')
      .map((v) => `  [${union.name}.${v.name}]: ${v.name};\n`);
    return [
      `/** Union code → table of ${union.name}. */\n`,
      `export interface ${union.name}Tables {\n  [${union.name}.NONE]: null;\n${rows.join('')}}\n\n`,
    ].join('');
  });
  return [
    HEADER,
    "import type { ByteSource } from '../../source.ts';\n",
    `import type {\n${names.map((name) => `  ${name},\n`).join('')}} from './enums.ts';\n\n`,
    ...tables,
    ...members,
  ]
    .join('')
    .trimEnd()
    .concat('\n');
}

function typeOf(field: FieldSchema): string {
  if (field.kind === 'string') return 'string | null';
  // The type of Buffer is called CircleBuffer: Node's global Buffer would take its place without a word.
  const table = field.type === 'Buffer' ? 'CircleBuffer' : field.type;
  if (field.kind === 'table') return `${table}${field.vector ? '[]' : ''} | null`;
  if (field.kind === 'union') return `${field.type}Tables[Exclude<${field.type}, ${field.type}.NONE>] | null`;
  const item = itemType(field);
  if (!field.vector) return item;
  // Byte vectors are views of the input; floats keep their bits (a NaN's payload) only in a typed array.
  if (field.scalar === 'u8') return 'Uint8Array | null';
  if (field.scalar === 'f32') return 'Float32Array | number[] | null';
  return `${item}[] | null`;
}

function itemType(field: FieldSchema): string {
  if (field.type !== null) return field.type;
  if (field.scalar === 'bool') return 'boolean';
  return field.scalar === 'i64' || field.scalar === 'u64' ? 'bigint' : 'number';
}

/** The enums, and the codes of the unions as enums. */
export function renderEnums(schema: Schema): string {
  const enums = schema.enums.map(({ name, values }) => {
    const lines = values.map((v) => `  ${v.name} = ${v.value},\n`);
    return `export enum ${name} {\n${lines.join('')}}\n`;
  });
  return HEADER + enums.join('\n');
}
