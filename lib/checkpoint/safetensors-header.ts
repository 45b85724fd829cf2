/**
 * The head of a safetensors file: u64 header length, JSON. Checked as strictly as the reference reader does: data
 * without holes or overlaps, to the end of the file.
 */
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import { isObject, type Json, type JsonObject, parseJsonObject } from '../json.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { type Dtype, safetensorsDtypes } from './dtypes.ts';
import { CheckpointFile } from './file.ts';

interface Entry {
  dtype: Dtype;
  shape: number[];
  /** Byte range behind the header. */
  begin: number;
  end: number;
}

const HEADER_LIMIT = 100e6;
const OPENING_BRACE = 0x7b;

/** @throws GgmaError SAFETENSORS_READ, _TRUNCATED, _HEADER, _DTYPE, _SHAPE, _OFFSETS, with the tensor's name */
export function readSafetensors(path: string): Map<string, CheckpointTensor> {
  const file = new CheckpointFile(path, { read: 'SAFETENSORS_READ', truncated: 'SAFETENSORS_TRUNCATED' });
  const { size } = file;
  if (size < 8) fail(path, 'SAFETENSORS_TRUNCATED', `expected at least 8 bytes, got ${size}`);
  // Above 2^53 the number is not exact any more, but then it is above the limit too.
  const length = Number(new DataView(file.read(0, 8).buffer).getBigUint64(0, true));
  if (length > HEADER_LIMIT)
    fail(path, 'SAFETENSORS_HEADER', `expected a header of at most 100 MB, got ${length} bytes`);
  if (length > size - 8)
    fail(
      path,
      'SAFETENSORS_TRUNCATED',
      `expected a header of ${length} bytes, got a file with ${size - 8} after its length`,
    );
  const entries = new Map<string, Entry>();
  for (const [name, content] of Object.entries(parseHeader(file.read(8, length), path))) {
    if (name === '__metadata__') checkMetadata(content, path);
    else entries.set(name, readEntry(name, content, path));
  }
  const start = 8 + length;
  checkCoverage(entries, path, size - start);
  return new Map(
    [...entries].map(([name, { dtype, shape, begin, end }]) => {
      const source = file.part(start + begin, end - begin);
      return [name, { name, dtype, shape, source, path }];
    }),
  );
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

function readEntry(name: string, content: Json, file: string): Entry {
  if (!isObject(content)) return fail(file, 'SAFETENSORS_HEADER', `expected an object for '${name}'`);
  const { dtype: dtypeName, shape, data_offsets: offsets } = content;
  const dtype = typeof dtypeName === 'string' ? safetensorsDtypes.get(dtypeName) : undefined;
  if (dtype === undefined)
    return fail(
      file,
      'SAFETENSORS_DTYPE',
      `expected one of ${[...safetensorsDtypes.keys()].join(', ')} for '${name}', got ${JSON.stringify(dtypeName) ?? 'nothing'}`,
    );
  if (!isNaturals(shape))
    return fail(file, 'SAFETENSORS_SHAPE', `expected a shape of whole numbers for '${name}'`);
  if (!isNaturals(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    return fail(
      file,
      'SAFETENSORS_OFFSETS',
      `expected two whole numbers in order as data_offsets of '${name}'`,
    );
  let { bytes } = dtype;
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
      `expected ${bytes} bytes for '${name}' ${dtype.name}[${shape.join(', ')}], got ${end - begin}`,
    );
  return { dtype, shape, begin, end };
}

function isNaturals(value: Json | undefined): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

/** @param size bytes behind the header */
function checkCoverage(entries: ReadonlyMap<string, Entry>, file: string, size: number): void {
  let at = 0;
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of inOrder) {
    if (begin !== at)
      fail(
        file,
        'SAFETENSORS_OFFSETS',
        `expected '${name}' to begin at data byte ${at}, got ${begin}: ${begin < at ? 'an overlap' : 'a hole'}`,
      );
    at = end;
  }
  if (at !== size) {
    const last = inOrder.at(-1)?.[0];
    const what = last === undefined ? 'the header' : `the last tensor '${last}'`;
    fail(
      file,
      'SAFETENSORS_OFFSETS',
      `expected ${what} to end with the file, at data byte ${size}, got ${at}`,
    );
  }
}
