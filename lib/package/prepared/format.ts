/**
 * model.ggma, which `prepare` puts beside model.circle: all that loading makes of it, so that a start only reads.
 *
 *   0   "GGMAPREP"
 *   8   u32 format, u32 length of the header
 *   16  header, JSON: ggma (version), model (size, mtimeMs, sha256 of the model.circle that it was made of), tableRows,
 *       sections: [from, bytes] of each
 *
 * Sections begin at multiples of 64, weights at a multiple of 64 KiB (a page on any machine), so that they can be mapped:
 *
 *   sample     pieces of model.circle, see sample.ts
 *   program    layout: native/core/program.h; its one source is the section `weights`
 *   positions  a Circle file with the graph of the position tables; empty where there are none
 *   tables     f32 [tableRows, width] of each position table
 *   labels     JSON: for each instruction [layer, part of the model], for profiles
 *   weights    packed as kernels want them (kernels/kernels.h), the same for all instruction sets
 *
 * All of it little-endian. Nothing in the file is trusted.
 */
import { type ByteSource, type FileLayout, FileRange, readFully } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';

const MAGIC = 'GGMAPREP';
/** Another number for any other layout of the file. */
const FORMAT = 2;
const PREFIX_BYTES = 16;
/** Prefix and header together; the header takes about half of it. */
const HEAD_BYTES = 1024;
const ALIGNMENT = 64;
const WEIGHTS_ALIGNMENT = 1 << 16;

const sectionNames = ['sample', 'program', 'positions', 'tables', 'labels', 'weights'] as const;
export type SectionName = (typeof sectionNames)[number];

/** The model.circle that a prepared file was made of. */
export interface ModelRecord {
  size: number;
  mtimeMs: number;
  sha256: string;
}

export interface PreparedHeader {
  /** The version of ggma that made it; no other one uses it. */
  ggma: string;
  model: ModelRecord;
  /** Positions that the section `tables` has rows for. */
  tableRows: number;
}

export interface PreparedFile extends PreparedHeader {
  sections: Record<SectionName, FileRange>;
}

/** Where everything goes. `weights`: one behind the other. */
export function layOutPrepared(
  header: PreparedHeader,
  parts: Record<Exclude<SectionName, 'weights'>, Uint8Array> & { weights: readonly ByteSource[] },
): FileLayout {
  const sizes = { ...parts, weights: { byteLength: totalBytes(parts.weights) } };
  const sections: Partial<Record<SectionName, [from: number, bytes: number]>> = {};
  const placed: FileLayout['parts'] = [];
  let at = HEAD_BYTES;
  for (const name of sectionNames) {
    at = alignUp(at, name === 'weights' ? WEIGHTS_ALIGNMENT : ALIGNMENT);
    sections[name] = [at, sizes[name].byteLength];
    let position = at;
    for (const data of name === 'weights' ? parts.weights : [parts[name]]) {
      placed.push({ position, data });
      position += data.byteLength;
    }
    at = position;
  }
  return { head: encodeHeader({ ...header, sections }), parts: placed, size: at };
}

function encodeHeader(header: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(PREFIX_BYTES + json.byteLength);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(FORMAT, 8);
  bytes.writeUInt32LE(json.byteLength, 12);
  json.copy(bytes, PREFIX_BYTES);
  return bytes;
}

/**
 * The header, and where the sections are: all of them within the file.
 * @param fd an open file of `size` bytes, which stays open while sections are read
 * @throws GgmaError PREPARED for what is no prepared file of this format
 */
export function readPrepared(fd: number, size: number, path: string): PreparedFile {
  const head = Buffer.alloc(Math.min(size, HEAD_BYTES));
  readFully(fd, head, 0, path);
  const fail = (expected: string, got: string | number): never => {
    throw new GgmaError('PREPARED', `expected ${expected}, got ${got}`, { path });
  };
  if (head.byteLength < PREFIX_BYTES || head.toString('latin1', 0, 8) !== MAGIC)
    fail(`a file that begins with ${MAGIC}`, 'another one');
  const [format, length] = [head.readUInt32LE(8), head.readUInt32LE(12)];
  if (format !== FORMAT) fail(`format ${FORMAT}`, format);
  if (length > head.byteLength - PREFIX_BYTES)
    fail(`a header within ${head.byteLength} bytes`, `one of ${length}`);
  let header: Partial<Omit<PreparedFile, 'sections'> & { sections: Record<string, unknown> }>;
  try {
    header = JSON.parse(head.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + length)) ?? {};
  } catch (cause) {
    throw new GgmaError('PREPARED', 'expected a header of JSON, got something else', { path, cause });
  }
  const { ggma, model, tableRows, sections } = header;
  if (typeof ggma !== 'string') return fail('the version of ggma that made it', typeof ggma);
  if (!isRecord(model)) return fail('size, mtimeMs and sha256 of model.circle', JSON.stringify(model));
  if (!isSize(tableRows)) return fail('a number of rows', JSON.stringify(tableRows));
  const ranges = sectionNames.map((name) => {
    const range = sections?.[name];
    const [from, bytes] = Array.isArray(range) && range.length === 2 ? range : [];
    if (!isSize(from) || !isSize(bytes) || from % ALIGNMENT !== 0 || from > size - bytes)
      return fail(`a place within ${size} bytes for the section ${name}`, JSON.stringify(range));
    return [name, new FileRange(fd, from, bytes, path)];
  });
  return { ggma, model, tableRows, sections: Object.fromEntries(ranges) };
}

function isRecord(record: Partial<ModelRecord> | undefined): record is ModelRecord {
  return (
    typeof record === 'object' &&
    record !== null &&
    isSize(record.size) &&
    typeof record.mtimeMs === 'number' &&
    typeof record.sha256 === 'string'
  );
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function alignUp(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment;
}

function totalBytes(parts: readonly { byteLength: number }[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
