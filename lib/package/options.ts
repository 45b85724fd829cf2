/** What loading may be told: a row for each option (lib/options says what follows from a row). */
import { abortSignal, callback, choice, flag, integer, type OptionsOf, option } from '../options/index.ts';

/** A prepared package has no 'compile', unless its model.ggma turns out to be damaged: then loading starts again with it. */
export type LoadStage = 'read' | 'compile' | 'pack' | 'ready';

const MAX_COUNT = 2 ** 31 - 1;

export const loadOptions = {
  /** Threads that compute. Default: the physical cores that the process may use, in a container too; from 4 on, one is left to the event loop. */
  threads: option({
    rule: integer(1, 1024),
    cli: {
      value: 'N',
      help: 'threads that compute (default: physical cores that it may use, one less from 4 on)',
    },
  }),
  /** Positions of a prompt and its continuation together. Default: what the model was trained for. */
  contextSize: option({
    rule: integer(1, MAX_COUNT),
    cli: { value: 'N', help: "positions of the context (default: the model's)" },
  }),
  /**
   * Bytes that weights and caches may take together; what goes beyond fails with OUT_OF_MEMORY. Intermediate results
   * (`memory().arenaBytes`) come on top. Default: half of the memory that the process may have, for caches alone.
   */
  memoryBudget: option({ rule: integer(1, Number.MAX_SAFE_INTEGER) }),
  /**
   * Map the model's file instead of reading it: of a prepared package all weights, otherwise embedding tables stay in
   * the file's pages, which processes share. Only for files that nobody changes: one that becomes shorter while it is in
   * use ends the process. Default false.
   */
  mmap: option({ rule: flag, default: false }),
  /** Use the package's model.ggma where `prepare` has made one of this model. Default true. */
  prepared: option({ rule: flag, default: true }),
  /**
   * Read every file that ggma.json records and compare its hash, before anything is made of it. That finds a damaged or
   * exchanged file of the right size; sizes are compared in any case. It takes about a second for a gigabyte. Default false.
   */
  verify: option({ rule: flag, default: false }),
  /** What keys and values are kept as: 'f16' takes half the memory, and long contexts go faster. Default 'f32'. */
  kvDtype: option({ rule: choice('f32', 'f16'), default: 'f32' }),
  /**
   * Keep an int8 copy of an f32, f16 or bf16 output matrix beside it (a quarter or half of it more memory): the most
   * likely token is found without reading most of the matrix, and is the same. Default false.
   */
  screen: option({ rule: flag, default: false }),
  /**
   * Keep f32 matrices in 16 bits where all of their elements are exactly bf16, or exactly f16, as those of most
   * checkpoints are: half the memory and much faster, with the same bits in every result. A prepared package has been
   * made so. Default true.
   */
  narrow: option({ rule: flag, default: true }),
  /**
   * Keep the keys and values of finished generations, up to so many ids in all: a prompt that begins like one of them
   * (a conversation that goes on, a common instruction) starts where they part, with the same bits. Default 0.
   */
  prefixCacheTokens: option({ rule: integer(0, MAX_COUNT), default: 0 }),
  /** Generations (and scores) that run at the same time; more wait for their turn. Default: any number. */
  maxConcurrent: option({ rule: integer(1, MAX_COUNT) }),
  /** Those that may wait; the call of one more throws QUEUE_FULL. Default: any number. */
  maxQueue: option({ rule: integer(0, MAX_COUNT) }),
  /** Measure every kernel, for `model.profile()`: same bits, a little slower. Default false. */
  profile: option({ rule: flag, default: false }),
  /** Ends the loading with the signal's reason, between two stages or pieces of weights. Default: none. */
  signal: option({ rule: abortSignal }),
  /** Told when a stage begins, and 'ready' at the end. What it throws ends the loading. Default: none. */
  onProgress: option({ rule: callback<(stage: LoadStage) => void>('(stage: LoadStage) => void') }),
};

export interface LoadOptions extends OptionsOf<typeof loadOptions> {}
