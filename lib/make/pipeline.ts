/** From a checkpoint's graphs to the one model of a package: filters, merge, filters. */
import { GgmaError } from '../errors.ts';
import { defaultLength, type ExportInput, exportDecode, exportPrefill } from '../export/index.ts';
import type { Module } from '../ir/graph/index.ts';
import { findPass, type Outcome } from '../passes/index.ts';

/** Filters are written as on a command line: the name, then its arguments. */
export interface Pipeline {
  /** Prompt rows of the prefill graph; columns of decode's mask. */
  prefillLength: number;
  cacheLength: number;
  /** Filters over each graph before the merge. */
  prefill: readonly string[];
  decode: readonly string[];
  /** merge.circles with `prefill.circle` and `decode.circle`, in the order and under the names wanted. */
  merge: string;
  /** Filters over the merged model. */
  model: readonly string[];
}

/** The pipeline of the tinyllama guide, for any shape: {@link placeholders} stand for the model's numbers. */
export const seedPipeline: Pipeline = {
  prefillLength: defaultLength,
  cacheLength: defaultLength,
  prefill: [],
  decode: [
    'fuse.attention',
    'reshape.io input --by_shape [1,{kv_heads},{past_length},{head_dim}] [1,{kv_heads},{cache_length},{head_dim}]',
    'transpose.io.kvcache',
  ],
  merge: 'merge.circles prefill.circle decode.circle',
  model: ['fuse.bmm_lhs_const', 'downcast.input_ids', 'gc'],
};

/** What `{name}` stands for in a filter's arguments, so that one pipeline serves models of any shape. */
export const placeholders = {
  kv_heads: 'num_key_value_heads of config.json',
  head_dim: 'head_dim of config.json, or hidden_size / num_attention_heads',
  past_length: 'rows of the caches that the decode graph is exported with: two less than cache_length',
  cache_length: 'columns of its mask, and rows of the caches that it runs with',
} as const;

export interface PipelineOptions {
  /** Told what each filter did. */
  onOutcome?: ((name: string, outcome: Outcome) => void) | undefined;
}

/**
 * Exports both graphs and runs the pipeline.
 * @throws GgmaError PIPELINE for words that no filter takes, before anything is read; WEIGHTS and others of the export
 */
export function runPipeline(
  input: ExportInput,
  pipeline: Pipeline,
  { onOutcome }: PipelineOptions = {},
): Module {
  const fill = filler(input, pipeline);
  const [prefill, decode, model] = (['prefill', 'decode', 'model'] as const).map((stage) =>
    pipeline[stage].map((line, i) => prepareFilter(fill(line), `${stage}[${i}]`)),
  );
  const { files, combine } = prepareMerge(fill(pipeline.merge));
  const modules: Record<string, () => Module> = {
    'prefill.circle': () => run(exportPrefill(input, pipeline.prefillLength), prefill!, onOutcome),
    'decode.circle': () => run(exportDecode(input, pipeline.cacheLength), decode!, onOutcome),
  };
  return run(combine(files.map((file) => modules[file]!())), model!, onOutcome);
}

type Prepared = readonly [name: string, run: (module: Module) => Outcome];

function run(module: Module, filters: readonly Prepared[], onOutcome: PipelineOptions['onOutcome']): Module {
  for (const [name, filter] of filters) {
    const outcome = filter(module);
    onOutcome?.(name, outcome);
  }
  return module;
}

function prepareFilter([name = '', ...words]: readonly string[], where: string): Prepared {
  const pass = findPass(name);
  if (pass?.kind !== 'filter') throw pipelineError(`expected a filter's name, got '${name}'`, where);
  return [name, prepared(() => pass.prepare(words), where)];
}

function prepareMerge([name = '', ...words]: readonly string[]) {
  const pass = findPass(name);
  if (pass?.kind !== 'source') throw pipelineError(`expected merge.circles, got '${name}'`, 'merge');
  const merge = prepared(() => pass.prepare(words), 'merge');
  const strange = merge.files.find((file) => file !== 'prefill.circle' && file !== 'decode.circle');
  if (strange !== undefined)
    throw pipelineError(`expected prefill.circle and decode.circle, got '${strange}'`, 'merge');
  if (new Set(merge.files).size !== merge.files.length)
    throw pipelineError(`expected each file once, got ${merge.files.join(' ')}`, 'merge');
  return merge;
}

/** Wrong words are the pipeline's fault here, not the command line's. */
function prepared<T>(prepare: () => T, where: string): T {
  try {
    return prepare();
  } catch (error) {
    if (error instanceof GgmaError && error.code === 'USAGE')
      throw pipelineError(error.message, where, error);
    throw error;
  }
}

function filler({ config }: ExportInput, { cacheLength }: Pipeline): (line: string) => string[] {
  const values: Record<keyof typeof placeholders, number> = {
    kv_heads: config.kvHeads,
    head_dim: config.headDim,
    past_length: cacheLength - 2,
    cache_length: cacheLength,
  };
  const value = (whole: string, name: string): string => {
    if (!Object.hasOwn(values, name))
      throw pipelineError(`expected one of {${Object.keys(values).join('}, {')}}, got ${whole}`);
    return String(values[name as keyof typeof values]);
  };
  return (line) => splitWords(line).map((word) => word.replace(/\{([^{}]*)\}/g, value));
}

/** Words between spaces; 'single' and "double" quotes hold words with spaces together. */
function splitWords(line: string): string[] {
  const word = /((?:[^\s'"]|'[^']*'|"[^"]*")+)\s*/y;
  const text = line.trim();
  const words: string[] = [];
  while (word.lastIndex < text.length) {
    const match = word.exec(text);
    if (match === null) throw pipelineError(`expected closed quotes, got ${JSON.stringify(line)}`);
    if (/^[|<>]/.test(match[1]!))
      throw pipelineError(`expected one filter an entry, got '${match[1]}' in ${JSON.stringify(line)}`);
    words.push(match[1]!.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  }
  return words;
}

export function pipelineError(message: string, path?: string, cause?: unknown): GgmaError {
  return new GgmaError('PIPELINE', message, path === undefined ? { cause } : { path, cause });
}
