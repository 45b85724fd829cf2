/** A GGUF model in one file or in several: NAME-00001-of-00003.gguf and so on, of which the first has the metadata. */
import { existsSync } from 'node:fs';
import { GgmaError } from '../../errors.ts';
import { type GgufFile, readGgufFile } from './file.ts';

const PART = /^(?<stem>.*)-(?<number>\d{5})-of-(?<count>\d{5})\.gguf$/s;

/**
 * @param path the file, or any part of a split one
 * @throws GgmaError GGUF_SPLIT for parts that are absent or do not belong together, and what {@link readGgufFile} throws
 */
export function readGguf(path: string): GgufFile & { path: string } {
  const name = PART.exec(path)?.groups;
  const first = name === undefined ? path : partPath(name.stem!, 1, Number(name.count));
  if (first !== path && !existsSync(first))
    fail(path, `expected the first part '${first}' beside it, got none`);
  const file = readGgufFile(first);
  const count = file.metadata.integer('split.count') ?? 1;
  if (count <= 1) return { ...file, path: first };
  if (name === undefined || Number(name.count) !== count)
    return fail(first, `expected a name that ends in -00001-of-${padded(count)}.gguf, as split.count says`);
  const tensors = new Map(file.tensors);
  checkNumber(file, first, 0, count);
  for (let i = 1; i < count; i++) {
    const part = partPath(name.stem!, i + 1, count);
    if (!existsSync(part)) fail(part, `expected part ${i + 1} of ${count}, got none`);
    const other = readGgufFile(part);
    checkNumber(other, part, i, count);
    for (const [tensor, found] of other.tensors) {
      if (tensors.has(tensor)) fail(part, `expected each tensor in one part, got '${tensor}' again`);
      tensors.set(tensor, found);
    }
  }
  const total = file.metadata.integer('split.tensors.count');
  if (total !== null && total !== tensors.size)
    fail(first, `expected ${total} tensors in all parts, as split.tensors.count says, got ${tensors.size}`);
  return { metadata: file.metadata, tensors, path: first };
}

function checkNumber({ metadata }: GgufFile, path: string, number: number, count: number): void {
  const [no, of] = [metadata.integer('split.no'), metadata.integer('split.count')];
  if (no !== number || of !== count)
    fail(path, `expected ${number} and ${count} for split.no and split.count, got ${no} and ${of}`);
}

const padded = (number: number): string => String(number).padStart(5, '0');

function partPath(stem: string, number: number, count: number): string {
  return `${stem}-${padded(number)}-of-${padded(count)}.gguf`;
}

function fail(path: string, message: string): never {
  throw new GgmaError('GGUF_SPLIT', message, { path });
}
