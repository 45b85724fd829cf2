/**
 * A finished program as bytes: what its header and records say, and the same program over weights that are packed already.
 * It reads no more than it needs; the native decoder checks the rest (native/core/program.h).
 */
import { GgmaError } from '../errors.ts';
import { HEADER_WORDS, header, MAGIC, outputs, PACKED_FORM, recordBytes, VERSION } from './format.ts';

export interface ProgramShape {
  /** Width of the logits. */
  vocabSize: number;
  /** Of each position table. */
  tableWidths: number[];
  /** Key/value cache of each attention layer. */
  caches: { kvHeads: number; headDim: number }[];
}

/** @throws GgmaError PROGRAM_INVALID for bytes that are no program of this version */
export function readProgramShape(program: Uint8Array): ProgramShape {
  const word = wordsOf(program);
  const isOurs = word(header.magic) === MAGIC && word(header.version) === VERSION;
  if (!isOurs || word(header.length) !== program.byteLength)
    throw new GgmaError(
      'PROGRAM_INVALID',
      `expected a program of version ${VERSION}, got ${program.byteLength} other bytes`,
      { path: 'header' },
    );
  const section = (name: keyof typeof recordBytes): number[][] => {
    const [count, offset] = [word(header[name]), word(header[name] + 1)];
    const words = recordBytes[name] / 4;
    // Checked before the list is made, so that a damaged count does not take memory.
    if (offset % 4 !== 0 || offset + 4 * words * count > program.byteLength)
      throw new GgmaError('PROGRAM_INVALID', `expected ${count} entries within the program`, { path: name });
    return Array.from({ length: count }, (_, i) =>
      Array.from({ length: words }, (_, w) => word(offset / 4 + words * i + w)),
    );
  };
  const logits = section('outputs').find(([what]) => what === outputs.logits);
  if (!logits)
    throw new GgmaError('PROGRAM_INVALID', 'expected logits among the outputs', { path: 'outputs' });
  return {
    vocabSize: logits[2]!,
    tableWidths: section('tables').map(([width]) => width!),
    caches: section('caches').map(([kvHeads, headDim]) => ({ kvHeads: kvHeads!, headDim: headDim! })),
  };
}

/**
 * The program with its weights one behind the other in a single source, each as it is packed.
 * @param weights packed bytes (multiples of 64) and dtype of each, as the program gave them when it was loaded
 */
export function overPackedWeights(
  program: Uint8Array,
  { sizes, dtypes }: { sizes: ArrayLike<number>; dtypes: ArrayLike<number> },
): Uint8Array {
  const word = wordsOf(program);
  const packed = program.slice();
  const view = new DataView(packed.buffer);
  view.setUint32(4 * header.sources, 1, true);
  const [count, offset] = [word(header.weights), word(header.weights + 1)];
  let place = 0;
  for (let i = 0; i < count; i++) {
    const at = offset + recordBytes.weights * i;
    const size = sizes[i]!;
    view.setUint32(at, dtypes[i]!, true);
    view.setUint32(at + 4, 0, true);
    view.setBigUint64(at + 8, BigInt(place), true);
    view.setBigUint64(at + 16, BigInt(size), true);
    view.setUint32(at + 32, PACKED_FORM, true);
    place += size;
  }
  return packed;
}

function wordsOf(program: Uint8Array): (index: number) => number {
  if (program.byteLength < HEADER_WORDS * 4)
    throw new GgmaError(
      'PROGRAM_INVALID',
      `expected a header of ${HEADER_WORDS * 4} bytes, got ${program.byteLength}`,
      { path: 'header' },
    );
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  return (index) => view.getUint32(4 * index, true);
}
