/** Package → model that runs: read, compile, pack the weights, and check that the parts belong together. */
import { join } from 'node:path';
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import { createEngine } from '../native.ts';
import {
  abortSignal,
  type ComputeEngine,
  callback,
  checkOptions,
  type EngineOptions,
  type ExecutablePlan,
  flag,
  integer,
  Model,
} from '../runtime/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { OpenCompiled } from './compiled.ts';
import { type PackageContents, readContents } from './contents.ts';
import { checkFit } from './fit.ts';
import { fileNames } from './names.ts';
import { type OpenPrepared, openPrepared } from './prepared/open.ts';
import { sourceFor } from './sources.ts';
import { loadTokenizer } from './tokenizer.ts';

/** A prepared package has no 'compile'; one whose model.ggma turns out to be damaged begins anew with it. */
export type LoadStage = 'read' | 'compile' | 'pack' | 'ready';

export interface LoadOptions {
  /** Threads that compute. Default: the physical cores that the process may use, in a container too. */
  threads?: number;
  /** Positions of a prompt and its continuation together. Default: what the model was trained for. */
  contextSize?: number;
  /**
   * Bytes that weights and caches may take together; what goes beyond fails with OUT_OF_MEMORY. Intermediate results
   * (`memory().arenaBytes`) come on top. Default: half of the memory that the process may have, for caches alone.
   */
  memoryBudget?: number;
  /**
   * Map the model's file instead of reading it: of a prepared package all weights, otherwise embedding tables stay in
   * the file's pages, which processes share. Only for files that nobody changes: one that becomes shorter while it is in
   * use ends the process. Default false.
   */
  mmap?: boolean;
  /** Use the package's model.ggma where `prepare` has made one of this model. Default true. */
  prepared?: boolean;
  /** What keys and values are kept as: 'f16' takes half the memory, and long contexts go faster. Default 'f32'. */
  kvDtype?: 'f32' | 'f16';
  /**
   * Keep an int8 copy of an f32, f16 or bf16 output matrix beside it (a quarter or half of it more memory): the most
   * likely token is found without reading most of the matrix, and is the same. Default false.
   */
  screen?: boolean;
  /**
   * Keep f32 matrices in 16 bits where all of their elements are exactly bf16, or exactly f16, as those of most
   * checkpoints are: half the memory and much faster, with the same bits in every result. A prepared package has been
   * made so. Default true.
   */
  narrow?: boolean;
  /**
   * Keep the keys and values of finished generations, up to so many ids in all: a prompt that begins like one of them
   * (a conversation that goes on, a common instruction) starts where they part, with the same bits. Default 0.
   */
  prefixCacheTokens?: number;
  /** Generations (and scores) that run at the same time; more wait for their turn. Default: any number. */
  maxConcurrent?: number;
  /** Those that may wait; the call of one more throws QUEUE_FULL. Default: any number. */
  maxQueue?: number;
  /** Measure every kernel, for `model.profile()`: same bits, a little slower. Default false. */
  profile?: boolean;
  /** Ends the loading, between two stages. */
  signal?: AbortSignal;
  /** Told when a stage begins, and 'ready' at the end. What it throws ends the loading. */
  onProgress?: (stage: LoadStage) => void;
}

/** Where neither the graph nor config.json names a limit. */
const defaultContextSize = 2048;

const loadRules = {
  threads: integer(1, 1024),
  contextSize: integer(1, 2 ** 31 - 1),
  memoryBudget: integer(1, Number.MAX_SAFE_INTEGER),
  mmap: flag,
  prepared: flag,
  profile: flag,
  maxConcurrent: integer(1, 2 ** 31 - 1),
  maxQueue: integer(0, 2 ** 31 - 1),
  screen: flag,
  narrow: flag,
  prefixCacheTokens: integer(0, 2 ** 31 - 1),
  kvDtype: { expects: "'f32' or 'f16'", holds: (value: unknown) => value === 'f32' || value === 'f16' },
  signal: abortSignal,
  onProgress: callback,
};

/**
 * Loads a GGMA package: a directory of model.circle, config.json, and tokenizer.model or tokenizer.json (the
 * former wins; without either the model takes ids).
 * @throws GgmaError OPTION, PACKAGE_NOT_FOUND, PACKAGE_INCOMPLETE, PACKAGE_VERSION, CONFIG, CIRCLE_*, SIGNATURE,
 * TOKENIZER, OUT_OF_MEMORY, NATIVE_LOAD; the signal's reason
 */
export async function load(dir: string, options: LoadOptions = {}): Promise<Model> {
  checkOptions('load', options, loadRules);
  options.signal?.throwIfAborted();
  return loadContents(await readContents(dir), options);
}

/** {@link load} from what {@link readContents} gave. */
export async function loadContents(
  contents: PackageContents,
  options: LoadOptions = {},
  newEngine: (options: EngineOptions) => ComputeEngine = createEngine,
): Promise<Model> {
  checkOptions('load', options, loadRules);
  const begin = (stage: LoadStage): void => {
    options.signal?.throwIfAborted();
    options.onProgress?.(stage);
  };
  begin('read');
  const tokenizer = loadTokenizer(contents);
  tokenizer.catch(() => {}); // awaited below, after what may fail first
  const start = (opened: OpenPlan): Promise<Model> =>
    startModel({ contents, opened, tokenizer, options, newEngine, begin });
  const prepared = await findPrepared(contents, options);
  if (prepared.opened !== null)
    try {
      return await start(prepared.opened);
    } catch (error) {
      if (!isDamage(error)) throw error;
      prepared.warnings = [withoutPrepared(contents, error.message)];
    }
  const { openCompiled } = await import('./compiled.ts');
  const opened = openCompiled(contents, () => begin('compile'));
  return startModel({
    ...{ opened, tokenizer, options, newEngine, begin },
    contents: { ...contents, warnings: [...contents.warnings, ...prepared.warnings] },
  });
}

type OpenPlan = OpenCompiled | OpenPrepared;

/** A package's model.ggma, where it can be used; why not, where there is one that cannot. */
async function findPrepared(
  contents: PackageContents,
  { prepared = true }: LoadOptions,
): Promise<{ opened: OpenPrepared | null; warnings: string[] }> {
  const { hasPrepared, model } = contents;
  if (!prepared || !hasPrepared || typeof model !== 'string') return { opened: null, warnings: [] };
  const unused = (reason: string) => ({ opened: null, warnings: [withoutPrepared(contents, reason)] });
  try {
    const opened = await openPrepared({ ...contents, model });
    return typeof opened === 'string' ? unused(opened) : { opened, warnings: [] };
  } catch (error) {
    if (error instanceof GgmaError) return unused(error.message);
    throw error;
  }
}

/** What a damaged model.ggma, or one that is changed meanwhile, gives: model.circle is still there, and decides. */
const damageCodes: ReadonlySet<ErrorCode> = new Set([
  'PREPARED',
  'PROGRAM_INVALID',
  'CIRCLE_CHANGED',
  'IO',
  ...(['CONFIG', 'SIGNATURE', 'TOKENIZER'] as const), // what does not fit what the program says
]);

function isDamage(error: unknown): error is GgmaError {
  return error instanceof GgmaError && damageCodes.has(error.code);
}

function withoutPrepared({ dir }: PackageContents, reason: string): string {
  return `${join(dir, fileNames.prepared)}: ${reason}; loaded without it (\`opm prepare\` makes it anew)`;
}

interface StartParts {
  contents: PackageContents;
  opened: OpenPlan;
  tokenizer: Promise<Tokenizer | null>;
  options: LoadOptions;
  newEngine: (options: EngineOptions) => ComputeEngine;
  begin: (stage: LoadStage) => void;
}

/** Checks that the parts belong together, and reads the weights; closes what is open, then or when that fails. */
async function startModel({
  contents,
  opened,
  tokenizer,
  options,
  newEngine,
  begin,
}: StartParts): Promise<Model> {
  try {
    checkFit(contents, opened.plan, await tokenizer);
    const contextSize = chooseContextSize(contents, opened.plan, options.contextSize);
    begin('pack');
    const { mmap = false } = options;
    const plan: ExecutablePlan = {
      ...opened.plan,
      sources: opened.plan.sources.map((source) => sourceFor(source, mmap)),
    };
    const engine = newEngine(engineOptions(options));
    const model = await Model.create({
      engine,
      plan,
      tokenizer: await tokenizer,
      eosIds: contents.eosIds,
      sampling: contents.sampling,
      contextSize,
      prefixCacheTokens: options.prefixCacheTokens ?? 0,
      profile: options.profile ?? false,
      ...(options.maxConcurrent === undefined ? {} : { maxConcurrent: options.maxConcurrent }),
      ...(options.maxQueue === undefined ? {} : { maxQueue: options.maxQueue }),
      warnings: contents.warnings,
    });
    try {
      opened.assertUnchanged();
      begin('ready');
      return model;
    } catch (error) {
      await model.close();
      throw error;
    }
  } finally {
    opened.close();
  }
}

function chooseContextSize(
  { config }: PackageContents,
  plan: Pick<ExecutablePlan, 'maxPositions' | 'vocabSize'>,
  wanted?: number,
): number {
  const limit = Math.min(config.maxPositions ?? Infinity, plan.maxPositions ?? Infinity);
  if (wanted !== undefined && wanted > limit)
    throw new GgmaError(
      'OPTION',
      `expected at most ${limit} for contextSize, the model's limit, got ${wanted}`,
      {
        path: 'contextSize',
      },
    );
  return wanted ?? (limit === Infinity ? defaultContextSize : limit);
}

function engineOptions({ threads, memoryBudget, kvDtype, screen, narrow }: LoadOptions): EngineOptions {
  const options: EngineOptions = {};
  if (threads !== undefined) options.threads = threads;
  if (kvDtype !== undefined) options.kvDtype = kvDtype;
  if (screen !== undefined) options.screen = screen;
  if (narrow !== undefined) options.narrow = narrow;
  return memoryBudget === undefined
    ? options
    : { ...options, budgetBytes: memoryBudget, weightsInBudget: true };
}
