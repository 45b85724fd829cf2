/** Package → model that runs: read, compile, pack the weights, and check that the parts belong together. */
import { join } from 'node:path';
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import { createEngine } from '../native.ts';
import { checkOptions } from '../options/index.ts';
import { type ComputeEngine, type EngineOptions, type ExecutablePlan, Model } from '../runtime/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { CompiledOnThread } from './compile-thread.ts';
import type { OpenCompiled } from './compiled.ts';
import { type PackageContents, readContents } from './contents.ts';
import { checkFit } from './fit.ts';
import { fileNames } from './names.ts';
import { type LoadOptions, type LoadStage, loadOptions } from './options.ts';
import { type OpenPrepared, openPrepared } from './prepared/open.ts';
import { packagePath } from './refusals.ts';
import { sourceFor } from './sources.ts';
import { loadTokenizer } from './tokenizer.ts';

/** Where neither the graph nor config.json names a limit. */
const defaultContextSize = 2048;

/**
 * Loads a GGMA package: a directory of model.circle, config.json, and tokenizer.model or tokenizer.json (the
 * former wins; without either the model takes ids).
 * @param dir the directory's path, or a file: URL
 * @throws GgmaError OPTION, PACKAGE_NOT_FOUND, PACKAGE_INCOMPLETE, PACKAGE_DAMAGED, PACKAGE_VERSION, CONFIG, CIRCLE_*,
 * SIGNATURE, TOKENIZER, OUT_OF_MEMORY, NATIVE_LOAD, IO; the signal's reason
 */
export async function load(dir: string | URL, options: LoadOptions = {}): Promise<Model> {
  const path = packagePath('load', dir);
  checkOptions('load', options, loadOptions);
  options.signal?.throwIfAborted();
  const { verify: hashes = false, signal } = options;
  return loadContents(await readContents(path, undefined, { hashes, signal }), options);
}

/** {@link load} from what {@link readContents} gave. */
export async function loadContents(
  contents: PackageContents,
  options: LoadOptions = {},
  newEngine: (options: EngineOptions) => ComputeEngine = createEngine,
): Promise<Model> {
  checkOptions('load', options, loadOptions);
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
  const opened = await compileModel(contents, options, begin);
  return startModel({
    ...{ opened, tokenizer, options, newEngine, begin },
    contents: { ...contents, warnings: [...contents.warnings, ...prepared.warnings] },
  });
}

type OpenPlan = OpenCompiled | CompiledOnThread | OpenPrepared;

/** On a thread of its own, where that can be; a model that is no file has been made on this thread, and stays on it. */
async function compileModel(
  { model, dir, config }: PackageContents,
  { contextSize, signal }: LoadOptions,
  begin: (stage: LoadStage) => void,
): Promise<OpenPlan> {
  const onCompile = () => begin('compile');
  if (typeof model === 'string') {
    const { canCompileOnThread, compileOnThread } = await import('./compile-thread.ts');
    const positions = contextSize ?? config.maxPositions ?? defaultContextSize;
    const compiled = canCompileOnThread()
      ? await compileOnThread(model, { positions, signal, onCompile })
      : null;
    if (compiled !== null) return compiled;
  }
  const { openCompiled } = await import('./compiled.ts');
  return openCompiled(model, typeof model === 'string' ? model : `${dir} (exported)`, onCompile);
}

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
    if (isDamage(error)) return unused(error.message);
    throw error;
  }
}

/**
 * What a damaged model.ggma gives, or one that changes while it is read. The package is then loaded from model.circle.
 * A file that the system cannot read (IO, INPUT) is not damaged: a failing disk must not pass for a slow start.
 */
const damageCodes: ReadonlySet<ErrorCode> = new Set([
  'PREPARED',
  'PROGRAM_INVALID',
  'CIRCLE_CHANGED',
  ...(['CONFIG', 'SIGNATURE', 'TOKENIZER'] as const), // the program and another file of the package disagree
]);

function isDamage(error: unknown): error is GgmaError {
  return error instanceof GgmaError && damageCodes.has(error.code);
}

function withoutPrepared({ dir }: PackageContents, reason: string): string {
  return `${join(dir, fileNames.prepared)}: ${reason}; loaded without it (\`opm prepare ${dir}\` replaces it)`;
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
      conversation: contents.conversation,
      contextSize,
      prefixCacheTokens: options.prefixCacheTokens ?? 0,
      profile: options.profile ?? false,
      signal: options.signal,
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
  } catch (error) {
    // Native code gives IO for a file that has become shorter, too. Of model.ggma that is a change, not a failing disk.
    if (error instanceof GgmaError && error.code === 'IO' && opened.isPrepared) opened.assertUnchanged();
    throw error;
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
