/**
 * Model → bytes. The tables are built first, with flatbuffers' Builder; constants follow behind them and are never
 * copied through it. The file's size and every part's place are known before the first byte is written.
 */
import { Builder } from 'flatbuffers';
import { GgmaError } from '../errors.ts';
import type { Model } from './index.ts';
import { type Field, SCALAR_SIZE, tableOf, unionMember } from './schema.ts';
import type { ByteSource } from './source.ts';
import { encodeText } from './text.ts';

export interface WriteOptions {
  /** Data behind the flatbuffer, by `Buffer.offset/size`, 64-byte aligned. Always so from 1 GiB on. */
  externalBuffers?: boolean;
}

/** A file that is laid out but not yet written. */
export interface Layout {
  /** The flatbuffer's tables. */
  head: Uint8Array;
  /** What follows, by ascending position; gaps are zeros. */
  parts: { position: number; data: ByteSource }[];
  /** Size of the whole file in bytes. */
  size: number;
}

/** Flatbuffer offsets reach 2 GiB; above half of that, constants move behind it. */
const INLINE_LIMIT = 2 ** 30;
const INLINE_ALIGNMENT = 16;
const EXTERNAL_ALIGNMENT = 64;

/** Plans a file: equal models give equal bytes. */
export function layOut(model: Model, options: WriteOptions = {}): Layout {
  const total = (model.buffers ?? []).reduce((sum, { data }) => sum + (data?.byteLength ?? 0), 0);
  const external = options.externalBuffers ?? total >= INLINE_LIMIT;
  const writer = new Writer(external);
  const head = writer.head(model);
  return external ? placeExternal(head, writer.pending) : placeInline(head, writer.pending);
}

/** The whole file in memory. @throws GgmaError CIRCLE_TOO_LARGE above what one buffer holds (use writeModelTo). */
export function writeModel(model: Model, options: WriteOptions = {}): Uint8Array {
  const layout = layOut(model, options);
  if (layout.size >= 2 ** 31)
    throw new GgmaError(
      'CIRCLE_TOO_LARGE',
      `expected less than 2 GiB to hold in memory, got ${layout.size} bytes`,
    );
  const bytes = new Uint8Array(layout.size);
  let at = 0;
  for (const chunk of chunksOf(layout)) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** The file in order, constants as they are: for streams, so that nothing large is ever joined. */
export function* chunksOf(layout: Layout): Generator<Uint8Array> {
  yield layout.head;
  let at = layout.head.byteLength;
  for (const { position, data } of layout.parts) {
    if (position > at) yield new Uint8Array(position - at);
    if (data.byteLength > 0) yield data instanceof Uint8Array ? data : data.read();
    at = position + data.byteLength;
  }
  if (layout.size > at) yield new Uint8Array(layout.size - at);
}

/** Data that a Buffer table refers to: where its fields lie, counted from the end of the head. */
interface Pending {
  data: ByteSource;
  /** Inline: the offset field. */
  dataField: number;
  /** External: the two 64-bit fields. */
  offsetField: number;
  sizeField: number;
}

function placeInline(head: Uint8Array, pending: readonly Pending[]): Layout {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const parts: Layout['parts'] = [];
  let at = head.byteLength;
  for (const { data, dataField } of pending) {
    const position = alignUp(at + 4, INLINE_ALIGNMENT);
    if (position + data.byteLength >= 2 ** 31)
      throw new GgmaError(
        'CIRCLE_TOO_LARGE',
        `expected a flatbuffer below 2 GiB, got ${position + data.byteLength} bytes; use external buffers`,
      );
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, data.byteLength, true);
    const field = head.byteLength - dataField;
    view.setUint32(field, position - 4 - field, true);
    parts.push({ position: position - 4, data: length }, { position, data });
    at = position + data.byteLength;
  }
  // Readers may check that the file's size is a multiple of the largest alignment.
  return { head, parts, size: pending.length > 0 ? alignUp(at, 4) : at };
}

function placeExternal(head: Uint8Array, pending: readonly Pending[]): Layout {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const parts: Layout['parts'] = [];
  let at = head.byteLength;
  for (const { data, offsetField, sizeField } of pending) {
    const position = alignUp(at, EXTERNAL_ALIGNMENT);
    view.setBigUint64(head.byteLength - offsetField, BigInt(position), true);
    view.setBigUint64(head.byteLength - sizeField, BigInt(data.byteLength), true);
    parts.push({ position, data });
    at = position + data.byteLength;
  }
  return { head, parts, size: at };
}

function alignUp(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment;
}

class Writer {
  readonly pending: Pending[] = [];
  private readonly builder = new Builder(1 << 16);
  private readonly external: boolean;

  constructor(external: boolean) {
    this.external = external;
  }

  head(model: Model): Uint8Array {
    this.builder.finish(this.table('Model', model), 'CIR0');
    return this.builder.asUint8Array().slice();
  }

  /** Writes a table's parts, then the table; returns its offset. */
  private table(name: string, content: object): number {
    const { builder } = this;
    const { fields } = tableOf(name);
    const values = content as Record<string, unknown>;
    if (name === 'Buffer') return this.buffer(values.data as ByteSource | null);
    const offsets = fields.map((field) => this.reference(field, values));
    builder.startObject(fields.length);
    // From the widest scalar down, so that no padding comes between fields.
    for (const size of [8, 4, 2, 1]) {
      fields.forEach((field, i) => {
        const offset = offsets[i]!;
        const isReference = field.vector || field.scalar === null;
        if (isReference && size === 4 && offset !== 0) builder.addFieldOffset(field.id, offset, 0);
        if (!isReference && SCALAR_SIZE[field.scalar!] === size)
          this.scalarField(field, values[field.key] ?? field.initial);
      });
    }
    return builder.endObject();
  }

  private buffer(data: ByteSource | null): number {
    const { builder } = this;
    builder.startObject(3);
    const entry: Pending | null = data === null ? null : { data, dataField: 0, offsetField: 0, sizeField: 0 };
    // 1 stands for a place that is known only when all tables are built; 0 would leave the field out.
    if (entry && this.external) {
      builder.addFieldInt64(1, 1n, 0n);
      entry.offsetField = builder.offset();
      builder.addFieldInt64(2, 1n, 0n);
      entry.sizeField = builder.offset();
    } else if (entry) {
      builder.addFieldInt32(0, 1, 0);
      entry.dataField = builder.offset();
    }
    if (entry) this.pending.push(entry);
    return builder.endObject();
  }

  /** Offset of what a field refers to; 0 for a scalar or an absent part. */
  private reference(field: Field, owner: Record<string, unknown>): number {
    const value = owner[field.key];
    if (value === null || value === undefined) return 0;
    if (field.vector) return this.vector(field, value as ArrayLike<unknown>);
    if (field.kind === 'string') return this.builder.createString(encodeText(value as string));
    if (field.kind === 'table') return this.table(field.type, value as object);
    if (field.kind === 'scalar') return 0;
    const member = unionMember(field.type, owner[`${field.key}Type`] as number);
    if (!member)
      throw new GgmaError(
        'CIRCLE_INVALID',
        `expected a member of ${field.type}, got code ${owner[`${field.key}Type`]}`,
      );
    return this.table(member, value as object);
  }

  private vector(field: Field, items: ArrayLike<unknown>): number {
    const { builder } = this;
    const size = field.scalar === null ? 4 : SCALAR_SIZE[field.scalar];
    const offsets: number[] = [];
    if (field.scalar === null) {
      for (let i = 0; i < items.length; i++) {
        const item = items[i];
        offsets.push(
          field.kind === 'string'
            ? builder.createString(encodeText(item as string))
            : this.table(field.type, item as object),
        );
      }
    }
    // Byte vectors can be long: one copy instead of a call per byte, where no alignment is forced.
    if (field.scalar === 'u8' && field.align <= 4) return builder.createByteVector(items as Uint8Array);
    builder.startVector(size, items.length, Math.max(size, field.align));
    for (let i = items.length - 1; i >= 0; i--) {
      if (field.scalar === null) builder.addOffset(offsets[i]!);
      else this.element(field, items, i);
    }
    return builder.endVector();
  }

  private element(field: Field, items: ArrayLike<unknown>, i: number): void {
    const { builder } = this;
    const item = items[i];
    if (field.scalar === 'f32' && items instanceof Float32Array)
      builder.addInt32(new Int32Array(items.buffer, items.byteOffset + 4 * i, 1)[0]!);
    else if (field.scalar === 'f32') builder.addFloat32(item as number);
    else if (field.scalar === 'i64' || field.scalar === 'u64') builder.addInt64(item as bigint);
    else if (field.scalar === 'i32' || field.scalar === 'u32') builder.addInt32(Number(item));
    else if (field.scalar === 'u16') builder.addInt16(Number(item));
    else builder.addInt8(Number(item));
  }

  private scalarField(field: Field, value: unknown): void {
    const { builder } = this;
    if (field.scalar === 'i64' || field.scalar === 'u64')
      builder.addFieldInt64(field.id, value as bigint, field.initial as bigint);
    else if (field.scalar === 'f32') {
      // Not equal to anything: the Builder's comparison would take -0 for the default 0.
      if (!Object.is(value, field.initial)) builder.addFieldFloat32(field.id, value as number, Number.NaN);
    } else if (SCALAR_SIZE[field.scalar!] === 4)
      builder.addFieldInt32(field.id, Number(value), Number(field.initial));
    else if (SCALAR_SIZE[field.scalar!] === 2)
      builder.addFieldInt16(field.id, Number(value), Number(field.initial));
    else builder.addFieldInt8(field.id, Number(value), Number(field.initial));
  }
}
