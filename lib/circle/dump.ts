/**
 * A model as JSON, complete: every field of every table under its name in the schema (schema/circle.fbs), in the
 * schema's order. Three conventions: enums and unions are names (numbers where the schema has no name); what the file
 * does not have is null; the data of a buffer is `{"bytes": n, "sha256": "…"}`, wherever in the file it lies. 64-bit
 * integers are plain JSON integers; NaN and infinities are strings, a NaN with other bits than usual `"NaN(7fc00001)"`.
 */
import { enumName } from './names.ts';
import { hashOf } from './print/constants.ts';
import { float32Text } from './print/numbers.ts';
import type { Model } from './schema/generated/types.ts';
import { type Field, tableOf, unionMember } from './schema.ts';
import type { ByteSource } from './source.ts';

type Fields = Record<string, unknown>;

/** The JSON text in pieces; equal models give equal texts. Constants are read one at a time. */
export function* dumpModel(model: Model): Generator<string> {
  yield* table('Model', model as unknown as Fields, '');
  yield '\n';
}

function* table(name: string, content: Fields, indent: string): Generator<string> {
  if (name === 'Buffer') {
    yield `{"data": ${dataText(content.data as ByteSource | null)}}`;
    return;
  }
  const fields = tableOf(name).fields.filter(({ key, deprecated }) => !deprecated || key in content);
  if (fields.length === 0) {
    yield '{}';
    return;
  }
  const inner = `${indent}  `;
  yield '{';
  for (const [i, field] of fields.entries()) {
    yield `${i > 0 ? ',' : ''}\n${inner}${JSON.stringify(field.name)}: `;
    yield* value(field, content, inner);
  }
  yield `\n${indent}}`;
}

function* value(field: Field, content: Fields, indent: string): Generator<string> {
  const item = content[field.key];
  if (item === null || item === undefined) yield 'null';
  else if (field.kind === 'table' && field.vector) yield* list(field, item as Fields[], indent);
  else if (field.kind === 'table') yield* table(field.type, item as Fields, indent);
  else if (field.kind === 'union')
    yield* table(unionMember(field.type, content[`${field.key}Type`] as number)!, item as Fields, indent);
  else if (!field.vector) yield scalarText(field, item);
  else {
    // The bits, where there are bits: a NaN's payload does not survive a number.
    const bits =
      item instanceof Float32Array ? new Uint32Array(item.buffer, item.byteOffset, item.length) : null;
    const texts = Array.from(item as ArrayLike<unknown>, (entry, i) => scalarText(field, entry, bits?.[i]));
    yield `[${texts.join(', ')}]`;
  }
}

function* list(field: Field, items: readonly Fields[], indent: string): Generator<string> {
  if (items.length === 0) {
    yield '[]';
    return;
  }
  const inner = `${indent}  `;
  yield '[';
  for (const [i, item] of items.entries()) {
    yield `${i > 0 ? ',' : ''}\n${inner}`;
    yield* table(field.type, item, inner);
  }
  yield `\n${indent}]`;
}

function scalarText(field: Field, item: unknown, bits?: number): string {
  if (field.kind === 'string') return JSON.stringify(item);
  if (field.enum !== '') {
    const name = enumName(field.enum, item as number);
    return name === undefined ? `${item}` : JSON.stringify(name);
  }
  return field.scalar === 'f32' ? floatText(item as number, bits) : `${item}`;
}

const USUAL_NAN = 0x7fc00000;

function floatText(value: number, bits = USUAL_NAN): string {
  if (Number.isFinite(value)) return float32Text(value);
  if (Number.isNaN(value)) return bits === USUAL_NAN ? '"NaN"' : `"NaN(${bits.toString(16)})"`;
  return value > 0 ? '"Infinity"' : '"-Infinity"';
}

function dataText(data: ByteSource | null): string {
  if (data === null) return 'null';
  const bytes = data instanceof Uint8Array ? data : data.read();
  return `{"bytes": ${bytes.byteLength}, "sha256": "${hashOf(bytes)}"}`;
}
