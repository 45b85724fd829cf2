/** The only file that loads the addon (native/addon), and the typed description of it. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { GgmaError } from './errors.ts';

export type KvDtype = 'f32' | 'f16';

export interface EngineOptions {
  /**
   * Threads that compute, the engine's own. Default: the physical cores that this process may use (affinity, control
   * groups); from four on one less, which is left to the event loop.
   */
  threads?: number;
  /** Bytes that the keys and values of all sequences may take together; default: half of the memory, or of the control group's. */
  budgetBytes?: number;
  /** The budget is for the weights of all programs, too, as they are packed. Default false. */
  weightsInBudget?: boolean;
  /** What keys and values are kept as; they are rounded before anything reads them. Default 'f32'. */
  kvDtype?: KvDtype;
  /**
   * Keep an int8 copy of an f32, f16 or bf16 output matrix beside it: most of the matrix is not read any more for a token
   * that is only the most likely one. The tokens are the same. Default false.
   */
  screen?: boolean;
  /**
   * Keep an f32 matrix in 16 bits where all of its elements are exactly bf16, or exactly f16: half the memory, the same
   * bits in every result. Default true.
   */
  narrow?: boolean;
  /** One of {@link availableIsas}; default: the environment's GGMA_ISA, or the best. */
  isa?: string;
}

/** Memory, or a range of an open file: read with positional reads, each byte once and straight to where kernels want it. */
export type WeightSource = Uint8Array | FileSource;

export interface FileSource {
  /** Stays open until loadProgram has settled. Not on Windows. */
  fd: number;
  offset: number;
  byteLength: number;
  /**
   * Map the file: weights that kernels take as they lie in the file (embedding tables) stay there, shared between
   * processes. For files that nobody changes: reading a mapped file that has become shorter ends the process.
   */
  mmap?: boolean;
}

/** Threads, kernels and memory budget that programs share. Its jobs run in the order they were given. */
export interface Engine {
  readonly threads: number;
  readonly isa: string;
  /**
   * Decodes a program (layout: native/core/program.h) and packs its weights into memory of its own, off the event
   * loop and on all threads. The sources must not change until it resolves, and may go then. Rejects with
   * PROGRAM_INVALID, OUT_OF_MEMORY, IO, CANCELLED, DISPOSED. `profile`: its steps are measured, for
   * {@link Program.profile}. `cancel`: element 0 ≠ 0 ends it with CANCELLED between two pieces of a few hundred kilobytes.
   */
  loadProgram(
    program: Uint8Array,
    sources: WeightSource[],
    options?: { profile?: boolean; cancel?: Int32Array },
  ): Promise<Program>;
  /** Ends jobs with DISPOSED and frees the programs' memory; later calls get DISPOSED. Doing it twice is fine. */
  close(): Promise<void>;
}

/** Bytes outside of JavaScript: packed weights, keys and values of all sequences, intermediate values. */
export interface ProgramMemory {
  /** Packed weights, without what is mapped. */
  weightBytes: number;
  /** Keys and values of what is under way, and of the prefix cache. */
  kvBytes: number;
  /** Intermediate results; where threads share a long context's attention, its scores too. */
  arenaBytes: number;
}

/**
 * Where a program's time went, measured on the engine's leading thread, waiting for the other threads included. Phases:
 * 0 prefill (passes with several rows of one sequence), 1 decode (one row of each). Bytes are those that a kernel reads:
 * each weight once, each value, key and position table; a multiply-add is two operations.
 */
export interface ProgramProfile {
  /** The program's steps as "MATMUL q8_0", then ARGMAX and SAMPLE (drawing, log-probabilities). */
  names: string[];
  /** [2 phases, 3]: passes that came to their end, rows, nanoseconds. SAMPLE lies outside of passes. */
  passes: Float64Array;
  /** [2 phases, names, 6]: calls, rows, nanoseconds, weight bytes, other bytes, operations. */
  totals: Float64Array;
  /** [events, 8]: index of names, phase, pass, rows, start in ns, nanoseconds, bytes, operations; 100,000 at most. */
  events: Float64Array;
  /** Later events, which only the totals have. */
  dropped: number;
}

export interface StepOptions {
  /** [wanted rows, vocab]: filled before the promise resolves. */
  logits?: Float32Array;
  /** Element 0 ≠ 0 ends the job between two operations with CANCELLED. May lie in a SharedArrayBuffer. */
  cancel?: Int32Array;
}

/** Log-probabilities under the bare logits: before biases, penalties, temperature and filters. */
export interface LogprobArrays {
  /** [tokens] */
  logprobs: Float64Array;
  /** Alternatives per token. */
  top: number;
  /** [tokens, top], the most probable first, equal ones by id */
  topIds: Int32Array;
  /** [tokens, top] */
  topLogprobs: Float64Array;
}

export interface DecodeRequest {
  sequence: number;
  /** Of feed[0]; at most the sequence's length (less: it is rewound). */
  position: number;
  /** A prompt, or the token that was drawn last; at least one. */
  feed: Int32Array;
  /** Tokens to draw behind them at most; 0: they are only fed. */
  count: number;
  /** [count] */
  out: Int32Array;
  /** A token of these ends the request; it is written to `out` as the last one. */
  stopIds?: Int32Array;
  /** Absent: always the most likely token. */
  sampler?: Sampler;
  /** What may be drawn; absent: any token. Tokens of `stopIds` have to be allowed too. Its tokens are accepted as they are drawn. */
  constraint?: Constraint;
  /** Of the tokens in `out`. */
  logprobs?: LogprobArrays;
  /** Of feed[i] after the tokens before it; entry 0 is not written. */
  scores?: LogprobArrays;
  /** Element 0 ≠ 0 ends the request with CANCELLED: after a step, or at once when nobody shares it. */
  cancel?: Int32Array;
}

export interface DecodeOutcome {
  /** Tokens of `feed` that the sequence holds now. */
  fed: number;
  /** Tokens in `out`; the sequence does not hold the last one yet. */
  produced: number;
  /** Why it ended early. The others are not affected; what it produced stands. */
  error: GgmaError | null;
}

export interface SamplerOptions {
  /** Default 1; 0: the most likely token. */
  temperature?: number;
  /** 0: all. */
  topK?: number;
  topP?: number;
  minP?: number;
  repeatPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  /** Added to these ids' logits; −Infinity bans them. */
  biasIds?: Int32Array;
  biasValues?: Float32Array;
  /** 0 … 2^53 − 1, default 0. */
  seed?: number;
  /** Tokens so far: repeatPenalty counts all of them, the other penalties the generated ones. */
  promptIds?: Int32Array;
  generatedIds?: Int32Array;
}

/**
 * How one sequence draws its tokens: each is a function of the logits, the seed and the tokens so far. Order: bias,
 * repetition, presence and frequency penalty, temperature, topK, topP, minP.
 */
export interface Sampler {
  /**
   * [vocab]: what the next token is drawn from; logits [vocab]. Not while a job uses the sampler. Throws NUMERIC for
   * NaN and +Infinity, NO_CANDIDATE when every token is banned.
   */
  probabilities(logits: Float32Array): Float64Array;
}

/**
 * Which tokens a sequence may produce next. A token is drawn as if there were no constraint; where the constraint refuses
 * it, one of the allowed tokens is drawn with the same options and a second random number of the same seed and draw (or
 * the most likely allowed token is taken, where there is no sampler). So seed, options and constraint name one text, and
 * a constraint that never objects changes nothing. A request without an allowed token ends with NO_CANDIDATE.
 *
 * It belongs to one request at a time; every method throws OPTION while a job has it.
 */
export interface Constraint {
  /** Whether `id` may come next. */
  allows(id: number): boolean;
  /** Bit id % 32 of element ⌊id / 32⌋ for every token. */
  mask(): Uint32Array;
  /** As if `id` had been drawn. Throws OPTION for a token that it does not allow. */
  accept(id: number): void;
  /** Takes back the last `count` accepted tokens. Throws OPTION for more than there are. */
  rollback(count: number): void;
}

/** Of each weight, as it is packed. */
export interface PackedWeights {
  /** Bytes, multiples of 64; 0: no step uses it, or it lies in a mapped file as it was. */
  sizes: Float64Array;
  /** As in a program (native/core/program.h): 0 f32, 1 f16, 2 bf16, 3 q8_0, 4 q4_0. */
  dtypes: Int32Array;
}

/**
 * A loaded program and its sequences. Typed arrays that a job reads or writes belong to it until its promise settles.
 * A job that fails before it starts computing (STEP_INVALID, SEQUENCE_UNKNOWN, TABLE_MISSING, OUT_OF_MEMORY) changes
 * nothing; NUMERIC (NaN or infinity in the logits), CANCELLED and DISPOSED leave every sequence with the tokens before
 * the job's first row, or for decode before the rows of the step that failed.
 */
export interface Program {
  /** An empty sequence. */
  createSequence(): number;
  /**
   * A sequence that begins with the first `positions` tokens of another, whose keys and values it shares: nothing is
   * copied until one of them writes into a common block of 64 positions. A job like the others, so it sees what those
   * before it wrote. Rejects with SEQUENCE_UNKNOWN, and STEP_INVALID for more positions than there are.
   */
  forkSequence(sequence: number, positions: number): Promise<number>;
  /** Its memory goes at once; a job that uses it finishes first, one that waits fails with SEQUENCE_UNKNOWN. */
  freeSequence(sequence: number): void;
  /** For the program's logits. */
  createSampler(options: SamplerOptions): Sampler;
  /**
   * Allows exactly these sequences of token ids, and where one is complete, the tokens of endIds. A sequence may begin with
   * another one. Throws OPTION for ids that are not of the vocabulary, and for no sequence, an empty one, or no endIds.
   */
  createChoices(choices: readonly Int32Array[], endIds: Int32Array): Constraint;
  /** Tokens that the sequence holds. */
  sequenceLength(sequence: number): number;
  memory(): ProgramMemory;
  /** Since it was loaded, up to the jobs before this one. Throws OPTION unless loaded with `profile`. */
  profile(): Promise<ProgramProfile>;
  /** What {@link copyWeight} gives, and lib/plan/packed.ts makes a program over. */
  packedWeights(): PackedWeights;
  /** Fills `target` with the packed bytes of a weight from `from` on. */
  copyWeight(weight: number, from: number, target: Uint8Array): void;
  /** Rows of a position table from `firstPosition` on, copied; data is [positions, width]. No gap may remain before. */
  setTable(table: number, firstPosition: number, data: Float32Array): void;
  /** Positions 0 … n − 1 have a row. */
  tableLength(table: number): number;
  /**
   * Runs rows of any number of sequences. rows: [token, sequence, position, wantLogits] each; those of one sequence
   * together, at consecutive positions from at most its length (less: it is rewound). Resolves to the first index of
   * the largest logit of every wanted row.
   */
  step(rows: Int32Array, options?: StepOptions): Promise<Int32Array>;
  /**
   * Runs requests of different sequences in lock-step: every step is one pass over a row of each that draws tokens and
   * pieces of the prompts. Ends when one of them has ended, or after the step in which `maxMs` have passed. How they
   * are put together changes no bit. Resolves to an outcome for each.
   */
  decode(requests: readonly DecodeRequest[], maxMs: number): Promise<DecodeOutcome[]>;
}

export interface Addon {
  version: string;
  useErrorClass(errorClass: typeof GgmaError): void;
  createEngine(options: EngineOptions): Engine;
  createSampler(vocab: number, options: SamplerOptions): Sampler;
  isa(): string;
  availableIsas(): string[];
}

/** Throws OPTION, NATIVE_LOAD, and NATIVE_ISA when GGMA_ISA names what this machine does not have. */
export function createEngine(options: EngineOptions = {}): Engine {
  return addon().createEngine(options);
}

/** For logits of `vocab` tokens. Throws OPTION, NATIVE_LOAD. */
export function createSampler(vocab: number, options: SamplerOptions = {}): Sampler {
  return addon().createSampler(vocab, options);
}

/** Version of the addon, for example '0.1.0'. */
export function runtimeVersion(): string {
  return addon().version;
}

/** The instruction set that engines take unless told otherwise. */
export function isa(): string {
  return addon().isa();
}

/** Best first; the last is 'scalar'. */
export function availableIsas(): string[] {
  return addon().availableIsas();
}

let loaded: Addon | undefined;

function addon(): Addon {
  if (loaded === undefined) {
    loaded = loadAddon(packageRoot());
    loaded.useErrorClass(GgmaError);
  }
  return loaded;
}

/** What the folder of a prebuilt addon is called, for example linux-x64 or linux-arm64-musl. */
export function prebuildTarget(): string {
  return `${os.platform()}-${os.arch()}${usesMusl() ? '-musl' : ''}`;
}

/** A Linux whose C library is not glibc. The report names glibc's version where there is one. */
function usesMusl(): boolean {
  if (os.platform() !== 'linux') return false;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined;
}

/**
 * The addon of the package at `root`. One that was built in that folder comes first: there it is newer than what `prepare`
 * made of it, and in an installed package it is what `ggma compile` made for this platform.
 */
export function loadAddon(root: string): Addon {
  const require = createRequire(import.meta.url);
  const target = `${os.platform()}-${os.arch()}`;
  // Asking for the C library takes longer than loading: an addon for the other one does not load, and the next is tried.
  const prebuilt = os.platform() === 'linux' ? [target, `${target}-musl`] : [target];
  const candidates = ['build/Release/ggma.node', ...prebuilt.map((name) => `prebuilds/${name}/ggma.node`)];
  const tried: string[] = [];
  let cause: unknown;
  for (const candidate of candidates) {
    const file = path.join(root, candidate);
    try {
      if (existsSync(file)) return require(file) as Addon;
      tried.push(`${file} (missing)`);
    } catch (error) {
      cause ??= error;
      tried.push(`${file} (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  throw new GgmaError(
    'NATIVE_LOAD',
    `expected a ggma addon that loads on ${target} (Node ${process.versions.node}), got none: tried ${tried.join(', ')}. ${remedy(root)}`,
    { path: root, cause },
  );
}

/** What to do, by what lies here: the project, or an installed package. */
function remedy(root: string): string {
  const needs = 'needs CMake and a C++17 compiler';
  return existsSync(path.join(root, 'Makefile'))
    ? `Build it: \`make\` in that folder (${needs}).`
    : `Compile it from the sources in this package: \`npx ggma compile\` (${needs}).`;
}

/** This file lies in lib/ or, bundled, in dist/: the root is where the package.json of ggma lies. */
export function packageRoot(): string {
  const start = path.dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = path.dirname(directory)) {
    const file = path.join(directory, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'ggma')
      return directory;
    if (directory === path.dirname(directory))
      throw new GgmaError(
        'NATIVE_LOAD',
        `expected a package.json of ggma above ${start}, got none: a bundler may have moved ggma's code away from its addon, so keep ggma out of the bundle (esbuild: --external:ggma)`,
        { path: start },
      );
  }
}
