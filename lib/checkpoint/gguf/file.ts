/** One GGUF file: its metadata and where its tensors lie, all of it checked. */
import type { CheckpointTensor } from '../checkpoint.ts';
import { GgufCursor } from './cursor.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { ggmlTypes } from './types.ts';

export interface GgufFile {
  metadata: Metadata;
  /** By the names of the file; shapes outermost dimension first. */
  tensors: Map<string, CheckpointTensor>;
}

const MAGIC = 0x46554747; // "GGUF"
const DEFAULT_ALIGNMENT = 32;
const DIMENSIONS_LIMIT = 4;
/** Bytes of a tensor's entry of one dimension, and of a value of one byte, with names of no length. */
const MIN_INFO = 32;
const MIN_VALUE = 13;

/** @throws GgmaError GGUF_READ, _TRUNCATED, _HEADER, _METADATA, _TENSOR, UNSUPPORTED */
export function readGgufFile(path: string): GgufFile {
  const cursor = new GgufCursor(path);
  const magic = cursor.u32('the word GGUF');
  if (magic !== MAGIC)
    cursor.fail('GGUF_HEADER', `expected a file that begins with GGUF, got 0x${magic.toString(16)}`);
  const version = cursor.u32('the version');
  // Bytes in the other order make a version of at least 2^24.
  if (version >= 2 ** 24)
    cursor.fail('UNSUPPORTED', 'expected a little-endian GGUF file, got a big-endian one');
  if (version !== 2 && version !== 3)
    cursor.fail('UNSUPPORTED', `expected GGUF version 2 or 3, got ${version}; convert the model again`);
  const tensorCount = cursor.count('the number of tensors');
  const valueCount = cursor.count('the number of values');
  cursor.expectRoom(tensorCount, MIN_INFO, 'tensors');
  cursor.expectRoom(valueCount, MIN_VALUE, 'values');
  const metadata = readMetadata(cursor, valueCount);
  const alignment = alignmentOf(metadata);
  const infos = readInfos(cursor, tensorCount, alignment);
  const start = Math.ceil(cursor.at / alignment) * alignment;
  checkPlaces(cursor, infos, start);
  const tensors = new Map(
    infos.map(({ name, dtype, shape, offset, byteLength }) => {
      const source = cursor.file.part(start + offset, byteLength);
      return [name, { name, dtype, shape, source, path }];
    }),
  );
  return { metadata, tensors };
}

function alignmentOf(metadata: Metadata): number {
  const key = 'general.alignment';
  const alignment = metadata.integer(key) ?? DEFAULT_ALIGNMENT;
  const isFit = alignment >= 8 && alignment <= 2 ** 20 && Number.isInteger(Math.log2(alignment));
  return isFit ? alignment : metadata.fail(key, 'a power of two from 8 to 2^20');
}

interface Info extends Pick<CheckpointTensor, 'name' | 'dtype' | 'shape'> {
  /** From the start of the data. */
  offset: number;
  byteLength: number;
}

function readInfos(cursor: GgufCursor, count: number, alignment: number): Info[] {
  const infos = new Map<string, Info>();
  for (let i = 0; i < count; i++) {
    const info = readInfo(cursor, i);
    const { name, offset } = info;
    if (infos.has(name)) cursor.fail('GGUF_TENSOR', `expected each tensor once, got '${name}' again`);
    if (offset % alignment !== 0)
      cursor.fail(
        'GGUF_TENSOR',
        `expected a multiple of ${alignment} as the offset of '${name}', got ${offset}`,
      );
    infos.set(name, info);
  }
  return [...infos.values()];
}

function readInfo(cursor: GgufCursor, i: number): Info {
  const name = cursor.string(`the name of tensor ${i}`);
  const rank = cursor.u32(`the rank of '${name}'`);
  if (rank < 1 || rank > DIMENSIONS_LIMIT)
    cursor.fail('GGUF_TENSOR', `expected 1 to ${DIMENSIONS_LIMIT} dimensions for '${name}', got ${rank}`);
  const innermostFirst = Array.from({ length: rank }, () => cursor.count(`a dimension of '${name}'`));
  const number = cursor.u32(`the type of '${name}'`);
  const dtype = ggmlTypes.get(number);
  if (dtype === undefined)
    return cursor.fail('UNSUPPORTED', `expected a known type for '${name}', got type ${number}`);
  const offset = cursor.count(`the offset of '${name}'`);
  const shape = innermostFirst.toReversed();
  if (innermostFirst[0]! % dtype.elements !== 0)
    cursor.fail(
      'GGUF_TENSOR',
      `expected rows in blocks of ${dtype.elements} for '${name}' ${dtype.name}, got [${shape.join(', ')}]`,
    );
  const byteLength = (shape.reduce((n, dim) => n * dim, 1) / dtype.elements) * dtype.bytes;
  if (!Number.isSafeInteger(byteLength) || byteLength === 0)
    cursor.fail('GGUF_TENSOR', `expected a size from 1 to 2^53 for '${name}', got [${shape.join(', ')}]`);
  return { name, dtype, shape, offset, byteLength };
}

/** Data may have gaps, as alignment makes some; it must lie within the file, and no byte may belong to two tensors. */
function checkPlaces(cursor: GgufCursor, infos: readonly Info[], start: number): void {
  const { size } = cursor.file;
  let end = 0;
  let last = '';
  for (const { name, offset, byteLength } of infos.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end)
      cursor.fail(
        'GGUF_TENSOR',
        `expected '${name}' to begin behind '${last}', at data byte ${end}, got ${offset}`,
      );
    end = offset + byteLength;
    last = name;
    if (start + end > size)
      cursor.fail(
        'GGUF_TRUNCATED',
        `expected '${name}' to end at byte ${start + end}, got a file of ${size} bytes`,
      );
  }
}
