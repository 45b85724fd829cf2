/** Model → the tables of its file, with the places that have yet to learn where the data lies. */
import { Fault, reportingFaults } from './fault.ts';
import { FlatWriter, type TableShape } from './flatbuffer.ts';
import type { CircleBuffer, Model } from './index.ts';
import { putScalar, vectorOf } from './scalars.ts';
import { type Field, SCALAR_SIZE, type Table, tableOf, unionMember } from './schema.ts';
import type { ByteSource } from './source.ts';

/** Data that a table refers to, and the positions of the fields that say where it is. */
export interface Pending {
  data: ByteSource;
  /** `data`: the offset within the flatbuffer; or `offset` and `size`, both 64-bit, for data behind it. */
  fields: { data: number; offset: number; size: number };
}

type TableContent = Record<string, unknown>;

/** Options of a custom operator move behind the flatbuffer from here on, where the constants do. */
const LARGE_OPTIONS = 2 ** 16;

/** @param external whether data goes behind the flatbuffer */
export function writeTables(model: Model, external: boolean): { head: Uint8Array; pending: Pending[] } {
  const writer = new TableWriter(external);
  return reportingFaults(() => {
    const root = writer.table(tableOf('Model'), model as unknown as TableContent);
    return { head: writer.flat.finish(root, 'CIR0'), pending: writer.pending };
  });
}

class TableWriter {
  readonly flat = new FlatWriter();
  readonly pending: Pending[] = [];
  readonly #external: boolean;
  /** By table and by which of its fields are present. */
  readonly #shapes = new Map<Table, Map<number, TableShape>>();

  constructor(external: boolean) {
    this.#external = external;
  }

  /** Writes a table, then what it refers to; returns the table's position. */
  table(table: Table, given: TableContent): number {
    if (table.name === 'Buffer') return this.#buffer(table, given as unknown as CircleBuffer);
    if (typeof given !== 'object' || given === null)
      throw new Fault('CIRCLE_INVALID', `expected a ${table.name} table, got ${String(given)}`);
    const content = table.name === 'Operator' && this.#external ? withoutLargeOptions(given) : given;
    const { fields } = table;
    const { flat } = this;
    let present = 0;
    for (let i = 0; i < fields.length; i++) if (isPresent(fields[i]!, content)) present |= 1 << i;
    const shape = this.#shape(table, present);
    const at = flat.table(shape);
    for (let i = 0; i < fields.length; i++) {
      if ((present & (1 << i)) === 0) continue;
      const field = fields[i]!;
      const place = at + shape.offsets[i]!;
      try {
        if (field.isReference) flat.refer(place, this.#reference(field, content));
        else putScalar(flat.view, field.scalar!, place, content[field.key]);
      } catch (error) {
        throw error instanceof Fault ? error.within(field.name) : error;
      }
    }
    if (content !== given) {
      const [offset, size] = [
        fieldNamed(table, 'large_custom_options_offset'),
        fieldNamed(table, 'large_custom_options_size'),
      ].map(({ id }) => at + shape.offsets[id]!) as [number, number];
      this.pending.push({ data: given.customOptions as Uint8Array, fields: { data: 0, offset, size } });
    }
    return at;
  }

  #shape(table: Table, present: number): TableShape {
    let shapes = this.#shapes.get(table);
    if (!shapes) {
      shapes = new Map();
      this.#shapes.set(table, shapes);
    }
    let shape = shapes.get(present);
    if (!shape) {
      shape = this.flat.shape(table.fields.map(({ size }, i) => ((present & (1 << i)) === 0 ? 0 : size)));
      shapes.set(present, shape);
    }
    return shape;
  }

  /** The fields get their numbers when all tables are written and the data has its place. */
  #buffer(table: Table, { data }: CircleBuffer): number {
    const kind = data === null ? 0 : this.#external ? 0b110 : 0b001;
    const shape = this.#shape(table, kind);
    const at = this.flat.table(shape);
    const [inline, offset, size] = shape.offsets.map((place) => at + place) as [number, number, number];
    if (data !== null) this.pending.push({ data, fields: { data: inline, offset, size } });
    return at;
  }

  /** Writes what a field refers to and returns its position. */
  #reference(field: Field, owner: TableContent): number {
    const value = owner[field.key];
    if (field.vector) return this.#vector(field, value);
    if (field.kind === 'string') return this.#string(value);
    if (field.kind === 'table') return this.table(tableOf(field.type), value as TableContent);
    const code = owner[`${field.key}Type`] as number;
    const member = unionMember(field.type, code);
    if (!member)
      throw new Fault('CIRCLE_INVALID', `expected a member of ${field.type} with a table, got code ${code}`);
    return this.table(tableOf(member), value as TableContent);
  }

  #string(value: unknown): number {
    if (typeof value !== 'string')
      throw new Fault('CIRCLE_INVALID', `expected a string, got ${typeof value}`);
    return this.flat.string(value);
  }

  #vector(field: Field, value: unknown): number {
    const { flat } = this;
    const items = vectorOf(value);
    const size = field.scalar === null ? 4 : SCALAR_SIZE[field.scalar];
    const start = flat.vector(items.length, size, Math.max(size, field.align));
    if (field.scalar === 'u8' && items instanceof Uint8Array) flat.bytes.set(items, start);
    else if (field.scalar === 'f32' && items instanceof Float32Array)
      // The bits: a NaN's payload would not survive a number.
      flat.bytes.set(new Uint8Array(items.buffer, items.byteOffset, items.byteLength), start);
    else {
      const table = field.kind === 'table' ? tableOf(field.type) : null;
      for (let i = 0; i < items.length; i++) {
        const place = start + i * size;
        try {
          if (field.scalar !== null) putScalar(flat.view, field.scalar, place, items[i]);
          else
            flat.refer(
              place,
              table === null ? this.#string(items[i]) : this.table(table, items[i] as TableContent),
            );
        } catch (error) {
          throw error instanceof Fault ? error.within(`[${i}]`) : error;
        }
      }
    }
    return start - 4;
  }
}

/** Whether a field has to be written: a scalar that is not its default, anything else that is there at all. */
function isPresent(field: Field, content: TableContent): boolean {
  const value = content[field.key];
  if (value === null || value === undefined) return false;
  // Object.is: -0 is not the default 0.
  return field.isReference || !Object.is(value, field.initial);
}

/** The operator with places for the offset and size of its options instead of the options. */
function withoutLargeOptions(operator: TableContent): TableContent {
  const options = operator.customOptions as Uint8Array | null;
  if (options === null || options.byteLength < LARGE_OPTIONS) return operator;
  return { ...operator, customOptions: null, largeCustomOptionsOffset: 1n, largeCustomOptionsSize: 1n };
}

function fieldNamed(table: Table, name: string): Field {
  return table.fields.find((field) => field.name === name)!;
}
