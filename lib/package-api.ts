/**
 * ggma/package: what `opm` does, for programs: import a model from a hub, make a package of it, prepare it, verify it.
 *
 *     await importModel({ from: 'Maykeye/TinyLLama-v0', to: 'build/TinyLLama-v0' });
 *     await makePackage({ from: 'build/TinyLLama-v0', to: 'build/out', prepare: true });
 *     const model = await load('build/out');
 *
 * docs/packages.md shows it. Nothing is written to the console, and no environment variable is read.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { storedDtypes } from './checkpoint/index.ts';
import { GgmaError } from './errors.ts';
import { openHf } from './export/index.ts';
import { parseRepoId } from './hub/index.ts';
import type { Module } from './ir/graph/index.ts';
import {
  type ImportProgress,
  type ImportSource,
  importModel as importFrom,
  looksLikePath,
  makePackage as make,
  type Pipeline,
  readPipeline,
  runPipeline as runOver,
  seedPipeline,
  writePrepared,
} from './make/index.ts';
import {
  abortSignal,
  callback,
  checkOptions,
  choice,
  flag,
  type OptionsOf,
  option,
  type Rule,
} from './options/index.ts';
import { outcomeLines } from './passes/index.ts';

export { GgmaError } from './errors.ts';
export type { Module } from './ir/graph/index.ts';
export {
  type ImportProgress,
  type Pipeline,
  parsePipeline,
  readPipeline,
  seedPipeline,
} from './make/index.ts';
export { type PackageFinding, type PackageVerification, verifyPackage } from './package/index.ts';

const text: Rule<string> = {
  ...{ kind: 'other', type: 'string', expects: 'a string that is not empty' },
  holds: (value): value is string => typeof value === 'string' && value !== '',
};

const path: Rule<string | URL> = {
  ...{ kind: 'other', type: 'string | URL', expects: 'a path, or a file: URL' },
  holds: (value): value is string | URL =>
    (typeof value === 'string' && value !== '') || (value instanceof URL && value.protocol === 'file:'),
};

const pipelines: Rule<Pipeline | string | URL> = {
  ...{
    kind: 'other',
    type: 'Pipeline | string | URL',
    expects: 'a pipeline, or the path of a pipeline.yaml',
  },
  holds: (value): value is Pipeline | string | URL =>
    path.holds(value) || (typeof value === 'object' && value !== null && 'merge' in value),
};

const importOptions = {
  /** A model on a hub, `owner/name`, or a Hugging Face directory: a path that is there or is written like one, a URL. */
  from: option({ rule: path }),
  /** The folder to write. One that ggma imported before is replaced, any other only with `force`. */
  to: option({ rule: path }),
  /** Branch, tag or commit. Default 'main'. */
  revision: option({ rule: text, default: 'main' }),
  /** The hub's address. Default https://huggingface.co. */
  endpoint: option({ rule: text }),
  /** For private and gated repositories; sent to the endpoint's origin only. */
  token: option({ rule: text }),
  /** Replace a folder that is no import, and fetch what is there already. Default false. */
  force: option({ rule: flag, default: false }),
  signal: option({ rule: abortSignal }),
  /** Told of each file and how many of its bytes have arrived, then of each tensor that is checked. */
  onProgress: option({
    rule: callback<(progress: ImportProgress) => void>('(progress: ImportProgress) => void'),
  }),
  /** Told before a request is tried again: why, and after how many milliseconds. */
  onRetry: option({
    rule: callback<(reason: string, milliseconds: number) => void>('(reason, milliseconds) => void'),
  }),
};

export type ImportModelOptions = Required<Pick<OptionsOf<typeof importOptions>, 'from' | 'to'>> &
  OptionsOf<typeof importOptions>;

export interface ImportedModel {
  /** Values that are not finite, tokenizers that disagree. */
  warnings: string[];
  /** False: the folder held this very revision already. */
  changed: boolean;
}

/**
 * Brings the files of a model that ggma needs (configuration, tokenizers, safetensors) into a folder: `opm import`. What
 * breaks off is continued by the next call.
 * @throws GgmaError OPTION, IMPORT_*, MODEL_NOT_FOUND, LOCKED, OUTPUT_EXISTS, OUTPUT, CONFIG, UNSUPPORTED, SAFETENSORS_*,
 * SHARD, TOKENIZER, IO; the signal's reason
 */
export async function importModel(options: ImportModelOptions): Promise<ImportedModel> {
  checkOptions('importModel', options, importOptions);
  required('importModel', options, ['from', 'to']);
  const { from, to, revision = 'main', endpoint, token, force, signal, onProgress, onRetry } = options;
  const source: ImportSource =
    from instanceof URL || existsSync(from) || looksLikePath(from)
      ? { dir: pathOf(from) }
      : { repo: parseRepoId(from), revision, hub: { endpoint, token, signal, onPause: onRetry } };
  return importFrom(source, pathOf(to), {
    ...(force === undefined ? {} : { force }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

const makeOptions = {
  /** A Hugging Face directory, imported or not. */
  from: option({ rule: path }),
  /** The package to write. One that ggma made before is replaced, any other folder only with `force`. */
  to: option({ rule: path }),
  /** Filters to run, or the path of a pipeline.yaml. Default: {@link seedPipeline}, which `opm init` writes. */
  pipeline: option({ rule: pipelines }),
  /** How matrices of weights are stored; 'auto': as the checkpoint has them. Default 'f32'. */
  dtype: option({ rule: choice(...storedDtypes), default: 'f32' }),
  /** What ggma.json names as the source. Default: nothing. */
  source: option({ rule: text }),
  /** Write model.ggma, too: faster starts, twice the size. Default false. */
  prepare: option({ rule: flag, default: false }),
  force: option({ rule: flag, default: false }),
  /** Told what is read, run or written. */
  onProgress: option({ rule: callback<(what: string) => void>('(what: string) => void') }),
};

export type MakePackageOptions = Required<Pick<OptionsOf<typeof makeOptions>, 'from' | 'to'>> &
  OptionsOf<typeof makeOptions>;

/**
 * Makes a package of a Hugging Face directory: `opm export`. The folder is whole, or what it was before.
 * @returns warnings: what filters did not find, and what `load` will warn of
 * @throws GgmaError OPTION, PIPELINE, OUTPUT_EXISTS, OUTPUT, LOCKED, what the exporter, filters and compiler throw
 */
export async function makePackage(options: MakePackageOptions): Promise<{ warnings: string[] }> {
  checkOptions('makePackage', options, makeOptions);
  required('makePackage', options, ['from', 'to']);
  const { from, to, dtype, source = null, prepare: isPrepared = false, force, onProgress } = options;
  const pipeline = await pipelineOf(options.pipeline);
  const warnings = await make(pathOf(to), {
    ...{ from: pathOf(from), source, pipeline, dtype },
    ...(force === undefined ? {} : { force }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  if (isPrepared) await writePrepared(pathOf(to));
  return { warnings };
}

const runOptions = {
  from: makeOptions.from,
  pipeline: makeOptions.pipeline,
  dtype: makeOptions.dtype,
};

export type RunPipelineOptions = Required<Pick<OptionsOf<typeof runOptions>, 'from'>> &
  OptionsOf<typeof runOptions>;

/**
 * Exports both graphs of a Hugging Face directory and runs a pipeline over them, without writing anything: the module can
 * be looked at, changed and written with ggma/circle. Weights stay in the directory's files until it is written.
 * @throws GgmaError OPTION, PIPELINE, what the exporter and filters throw
 */
export async function runPipeline(
  options: RunPipelineOptions,
): Promise<{ module: Module; warnings: string[] }> {
  checkOptions('runPipeline', options, runOptions);
  required('runPipeline', options, ['from']);
  const { from, dtype } = options;
  const pipeline = await pipelineOf(options.pipeline);
  const warnings: string[] = [];
  const input = openHf(pathOf(from), { dtype, onWarning: (message) => warnings.push(message) });
  const module = runOver(input, pipeline, {
    onOutcome: (name, outcome) => warnings.push(...outcomeLines(name, outcome)),
  });
  return { module, warnings };
}

/**
 * Writes model.ggma into a package, from which `load` starts faster with the same results: `opm prepare`.
 * @returns the file's path
 * @throws GgmaError OPTION, what `load` throws for the package, OUTPUT. A file that was there before is then still there.
 */
export async function prepare(dir: string | URL): Promise<string> {
  checkOptions('prepare', { dir }, { dir: option({ rule: path }) });
  required('prepare', { dir }, ['dir']);
  return writePrepared(pathOf(dir));
}

async function pipelineOf(pipeline: Pipeline | string | URL | undefined): Promise<Pipeline> {
  if (pipeline === undefined) return seedPipeline;
  return typeof pipeline === 'string' || pipeline instanceof URL ? readPipeline(pathOf(pipeline)) : pipeline;
}

/** What cannot be left out. @throws GgmaError OPTION */
function required(what: string, options: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of names)
    if (options[name] === undefined)
      throw new GgmaError('OPTION', `expected ${path.expects} for ${name} of ${what}, got nothing`, {
        path: name,
      });
}

function pathOf(file: string | URL): string {
  return file instanceof URL ? fileURLToPath(file) : file;
}
