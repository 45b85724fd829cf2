/**
 * A finished program as bytes: what it says of itself, and the same program over weights that are packed already.
 * Layout: native/core/program.h, which checks all the rest.
 */
import { GgmaError } from '../errors.ts';

export const MAGIC = 0x504d4747; // "GGMP"
export const VERSION = 1;
export const HEADER_WORDS = 24;
export const WEIGHT_BYTES = 40;
/** The form of a weight as kernels want it, kPackedForm. */
const PACKED_FORM = 1;

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
  if (word(0) !== MAGIC || word(1) !== VERSION || word(2) !== program.byteLength)
    throw new GgmaError(
      'PROGRAM_INVALID',
      `expected a program of version ${VERSION}, got ${program.byteLength} other bytes`,
      { path: 'header' },
    );
  const section = (header: number, words: number): number[][] => {
    const [count, offset] = [word(header), word(header + 1)];
    // Before a list is made: a number that is not true must not take memory.
    if (offset % 4 !== 0 || offset + 4 * words * count > program.byteLength)
      throw new GgmaError('PROGRAM_INVALID', `expected ${count} entries within the program`, {
        path: `header[${header}]`,
      });
    return Array.from({ length: count }, (_, i) =>
      Array.from({ length: words }, (_, w) => word(offset / 4 + words * i + w)),
    );
  };
  return {
    vocabSize: word(3),
    tableWidths: section(11, 1).map(([width]) => width!),
    caches: section(13, 2).map(([kvHeads, headDim]) => ({ kvHeads: kvHeads!, headDim: headDim! })),
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
  view.setUint32(4 * 6, 1, true); // sources
  const [count, offset] = [word(7), word(8)];
  let place = 0;
  for (let i = 0; i < count; i++) {
    const at = offset + WEIGHT_BYTES * i;
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
