/**
 * The head of a safetensors file: u64 header length, JSON. Checked as strictly as the reference reader does: data
 * without holes or overlaps, to the end of the file.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import { isObject, type Json, type JsonObject, parseJsonObject } from '../json.ts';

export interface TensorEntry {
  file: string;
  dtype: string;
  shape: number[];
  /** Absolute byte range in the file. */
  begin: number;
  end: number;
}

/** Bytes per element. Only float types can be weights; the others may lie in a file that is read for its floats. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3'].map((dtype): [string, number] => [dtype, 1]),
  ...['U16', 'I16', 'F16', 'BF16'].map((dtype): [string, number] => [dtype, 2]),
  ...['U32', 'I32', 'F32'].map((dtype): [string, number] => [dtype, 4]),
  ...['U64', 'I64', 'F64'].map((dtype): [string, number] => [dtype, 8]),
]);
const HEADER_LIMIT = 100e6;
const OPENING_BRACE = 0x7b;

/** @throws GgmaError SAFETENSORS_READ, _TRUNCATED, _HEADER, _DTYPE, _SHAPE, _OFFSETS, with the tensor's name */
export function readTensorEntries(file: string): Map<string, TensorEntry> {
  return withFile(file, (fd) => {
    const size = fstatSync(fd).size;
    if (size < 8) fail(file, 'SAFETENSORS_TRUNCATED', `expected at least 8 bytes, got ${size}`);
    const word = readExactly(fd, 0, 8, file);
    // Above 2^53 the number is not exact any more, but then it is above the limit too.
    const length = Number(new DataView(word.buffer).getBigUint64(0, true));
    if (length > HEADER_LIMIT)
      fail(file, 'SAFETENSORS_HEADER', `expected a header of at most 100 MB, got ${length} bytes`);
    if (length > size - 8)
      fail(
        file,
        'SAFETENSORS_TRUNCATED',
        `expected a header of ${length} bytes, got a file with ${size - 8} after its length`,
      );
    const entries = new Map<string, TensorEntry>();
    for (const [name, content] of Object.entries(parseHeader(readExactly(fd, 8, length, file), file))) {
      if (name === '__metadata__') checkMetadata(content, file);
      else entries.set(name, readEntry(name, content, file, 8 + length));
    }
    checkCoverage(entries, file, 8 + length, size);
    return entries;
  });
}

/** @throws GgmaError SAFETENSORS_READ when the file cannot be opened or read */
export function withFile<T>(file: string, use: (fd: number) => T): T {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    return use(fd);
  } catch (cause) {
    if (cause instanceof GgmaError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GgmaError('SAFETENSORS_READ', `expected a readable file, got: ${reason}`, {
      path: file,
      cause,
    });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function readExactly(
  fd: number,
  offset: number,
  length: number,
  file: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const n = readSync(fd, bytes, at, Math.min(length - at, 2 ** 30), offset + at);
    if (n === 0) fail(file, 'SAFETENSORS_TRUNCATED', `expected ${length} bytes at ${offset}, got ${at}`);
    at += n;
  }
  return bytes;
}

function fail(file: string, code: ErrorCode, message: string): never {
  throw new GgmaError(code, message, { path: file });
}

function parseHeader(bytes: Uint8Array, file: string): JsonObject {
  if (bytes[0] !== OPENING_BRACE) fail(file, 'SAFETENSORS_HEADER', 'expected a header that begins with {');
  try {
    return parseJsonObject(bytes, file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GgmaError('SAFETENSORS_HEADER', `${reason} of the header`, { path: file, cause });
  }
}

function checkMetadata(content: Json, file: string): void {
  const isFit = isObject(content) && Object.values(content).every((value) => typeof value === 'string');
  if (!isFit) fail(file, 'SAFETENSORS_HEADER', 'expected __metadata__ to be an object of strings');
}

function readEntry(name: string, content: Json, file: string, start: number): TensorEntry {
  if (!isObject(content)) return fail(file, 'SAFETENSORS_HEADER', `expected an object for '${name}'`);
  const { dtype, shape, data_offsets: offsets } = content;
  const width = typeof dtype === 'string' ? WIDTHS.get(dtype) : undefined;
  if (typeof dtype !== 'string' || width === undefined)
    return fail(
      file,
      'SAFETENSORS_DTYPE',
      `expected one of ${[...WIDTHS.keys()].join(', ')} for '${name}', got ${JSON.stringify(dtype) ?? 'nothing'}`,
    );
  if (!isNaturals(shape))
    return fail(file, 'SAFETENSORS_SHAPE', `expected a shape of whole numbers for '${name}'`);
  if (!isNaturals(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    return fail(
      file,
      'SAFETENSORS_OFFSETS',
      `expected two whole numbers in order as data_offsets of '${name}'`,
    );
  let bytes = width;
  for (const dim of shape) {
    bytes *= dim;
    if (!Number.isSafeInteger(bytes))
      return fail(
        file,
        'SAFETENSORS_SHAPE',
        `expected a size below 2^53 for '${name}', got [${shape.join(', ')}]`,
      );
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== bytes)
    return fail(
      file,
      'SAFETENSORS_OFFSETS',
      `expected ${bytes} bytes for '${name}' ${dtype}[${shape.join(', ')}], got ${end - begin}`,
    );
  return { file, dtype, shape, begin: start + begin, end: start + end };
}

function isNaturals(value: Json | undefined): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function checkCoverage(
  entries: ReadonlyMap<string, TensorEntry>,
  file: string,
  start: number,
  size: number,
): void {
  let at = start;
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of inOrder) {
    if (begin !== at)
      fail(
        file,
        'SAFETENSORS_OFFSETS',
        `expected '${name}' to begin at data byte ${at - start}, got ${begin - start}: ${begin < at ? 'an overlap' : 'a hole'}`,
      );
    at = end;
  }
  if (at !== size) {
    const last = inOrder.at(-1)?.[0];
    const what = last === undefined ? 'the header' : `the last tensor '${last}'`;
    fail(file, 'SAFETENSORS_OFFSETS', `expected ${what} to end at the file's byte ${size}, got ${at}`);
  }
}
