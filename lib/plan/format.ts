/**
 * The numbers of the program format that both sides must agree on. scripts/native-headers.ts makes generated/format.h of
 * them; what the sections and records hold stands in native/core/program.h.
 */

export const MAGIC = 0x504d4747; // "GGMP"

/** Raise it with every change of the format: programs of another version are refused. */
export const VERSION = 2;

/** The header's words that are not listed in {@link header} are 0. */
export const HEADER_WORDS = 24;

/** The place of each word of the header. Every section has two: its number of records, and its offset in bytes. */
export const header = {
  magic: 0,
  version: 1,
  length: 2,
  arenaWidth: 3,
  sources: 4,
  weights: 5,
  slots: 7,
  tables: 9,
  caches: 11,
  outputs: 13,
  steps: 15,
} as const;

/** Bytes of one record of each section; the records of `steps` are single words. */
export const recordBytes = { weights: 40, slots: 8, tables: 4, caches: 8, outputs: 12, steps: 4 } as const;

/** An operand that is left out. */
export const NONE = 0xffffffff;

/** The step flag: the step runs over the wanted rows, those whose outputs are asked for. */
export const WANTED_ROWS = 1;

/**
 * The form of a weight that is packed as kernels read it. Raise it when kernels want another packing
 * (native/kernels/kernels.h): prepared packages with the old form are then prepared again.
 */
export const PACKED_FORM = 1;

/**
 * What a program may have at most. The native decoder refuses more, so that a damaged program cannot take much memory; the
 * compiler refuses a model that would need more.
 */
export const limits = {
  slots: 4096,
  tables: 4096,
  caches: 4096,
  weights: 2 ** 16,
  stepWords: 2 ** 20,
  /** Floats of a row's intermediate values. */
  arenaWidth: 2 ** 26,
  /** The most likely token is counted in floats, which are exact so far. */
  vocab: 2 ** 24,
  /** Attention's accumulators lie on the stack. */
  headDim: 256,
  kvHeads: 65536,
} as const;

/** How a weight's elements are stored: the dtype's number and the Circle type that it stands for. */
export const dtypes = {
  f32: { number: 0, type: 'FLOAT32' },
  f16: { number: 1, type: 'FLOAT16' },
  bf16: { number: 2, type: 'BFLOAT16' },
  q8_0: { number: 3, type: 'GGML_Q8_0' },
  q4_0: { number: 4, type: 'GGML_Q4_0' },
} as const;

/** What a program computes for each wanted row. Every program has `logits`. */
export const outputs = {
  /** A score for each token of the vocabulary. */
  logits: 0,
  /** The hidden state that the output matrix reads. */
  hidden: 1,
} as const;

export type OutputName = keyof typeof outputs;
