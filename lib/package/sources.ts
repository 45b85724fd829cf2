/** What a plan's weights lie in, as the addon takes it. */
import process from 'node:process';
import type { FileRange } from '../circle/index.ts';
import type { WeightSource } from '../runtime/index.ts';

/** On Windows descriptors of Node mean nothing to the addon. */
export function sourceFor(source: Uint8Array | FileRange, mmap: boolean): WeightSource {
  if (source instanceof Uint8Array) return source;
  if (process.platform === 'win32') return source.read();
  const { fd, offset, byteLength } = source;
  return { fd, offset, byteLength, mmap };
}
