/** pipeline.yaml: the file's text ⇄ a pipeline. */
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { GgmaError } from '../errors.ts';
import { withSystemErrors } from '../system-error.ts';
import { type Pipeline, pipelineError, placeholders, seedPipeline } from './pipeline.ts';
import { isShell, readShellStage } from './shell-pipeline.ts';

const MAX_FILE_BYTES = 2 ** 20;

/** @throws GgmaError PIPELINE with the line where there is one */
export async function readPipeline(path: string): Promise<Pipeline> {
  const bytes = await withSystemErrors({ path, code: 'PIPELINE', expected: 'a readable file' }, () =>
    readFile(path),
  );
  if (bytes.length > MAX_FILE_BYTES)
    throw pipelineError(`expected at most ${MAX_FILE_BYTES} bytes, got ${bytes.length}`, path);
  try {
    return await parsePipeline(bytes.toString('utf8'));
  } catch (error) {
    if (!(error instanceof GgmaError)) throw error;
    throw pipelineError(error.message, path, error);
  }
}

/** @throws GgmaError PIPELINE. What the file leaves out is as in {@link seedPipeline}. */
export async function parsePipeline(text: string): Promise<Pipeline> {
  const document = parseDocument(text, { version: '1.2', schema: 'core' });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw pipelineError(problem.message.split('\n')[0]!);
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw pipelineError('expected YAML without aliases, got some', undefined, cause);
  }
  const file = record(content ?? {}, 'the file', ['export', 'prefill', 'decode', 'merge', 'model']);
  const lengths = record(file.export ?? {}, 'export', ['prefill_length', 'cache_length']);
  return {
    prefillLength: length(lengths.prefill_length, 'prefill_length', 1, seedPipeline.prefillLength),
    cacheLength: length(lengths.cache_length, 'cache_length', 3, seedPipeline.cacheLength),
    prefill: stage(file, 'prefill'),
    decode: stage(file, 'decode'),
    ...mergeAndModel(file),
  };
}

/** The filters over one graph: a list, or the reference's shell command. */
function stage(file: Record<string, unknown>, name: 'prefill' | 'decode'): readonly string[] {
  const value = file[name];
  // In the reference's form nothing is added to what the file says.
  const isReference = typeof file.merge === 'string' && isShell(file.merge);
  if (typeof value !== 'string' || !isShell(value))
    return lines(value, name, isReference ? [] : seedPipeline[name]);
  // The reference's exporter has called its file both.
  return readShellStage(value, name, [`${name}.circle`, `${name}_.circle`], `${name}.circle`).filters;
}

/** In the reference's form the filters over the merged model are part of `merge`. */
function mergeAndModel(file: Record<string, unknown>): Pick<Pipeline, 'merge' | 'model'> {
  const merge = line(file.merge ?? seedPipeline.merge, 'merge');
  if (!isShell(merge)) return { merge, model: lines(file.model, 'model', seedPipeline.model) };
  const [first, ...filters] = readShellStage(merge, 'merge', [], 'model.circle').filters;
  return { merge: first!, model: [...filters, ...lines(file.model, 'model', [])] };
}

/** What `opm init` writes: {@link seedPipeline}, explained. */
export function starterText(): string {
  const { prefillLength, cacheLength, prefill, decode, merge, model } = seedPipeline;
  const list = (entries: readonly string[]) =>
    entries.length === 0 ? ' []' : entries.map((entry) => `\n  - ${entry}`).join('');
  const names = Object.entries(placeholders).map(
    ([name, meaning]) => `#   ${`{${name}}`.padEnd(16)}${meaning}`,
  );
  return `# What \`opm export\` does between a Hugging Face directory and a package. Filters are written as on the command
# line (\`o2o --help\` lists them), one an entry; in their arguments these stand for the model's own numbers:
${names.join('\n')}

export:
  prefill_length: ${prefillLength}
  cache_length: ${cacheLength}

# Filters over each graph.
prefill:${list(prefill)}
decode:${list(decode)}

# Both graphs into one file; a signature is called as its file.
merge: ${merge}

# Filters over the merged model.
model:${list(model)}
`;
}

function record(value: unknown, name: string, keys: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw pipelineError(`expected keys and values for ${name}, got ${show(value)}`);
  const strange = Object.keys(value).find((key) => !keys.includes(key));
  if (strange !== undefined)
    throw pipelineError(`expected one of ${keys.join(', ')} for ${name}, got ${show(strange)}`);
  return value as Record<string, unknown>;
}

function lines(value: unknown, name: string, initial: readonly string[]): readonly string[] {
  if (value === undefined) return initial;
  if (value === null) return [];
  if (!Array.isArray(value))
    throw pipelineError(`expected a list of filters for ${name}, got ${show(value)}`);
  return value.map((entry, i) => line(entry, `${name}[${i}]`));
}

function line(value: unknown, name: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw pipelineError(`expected a filter with its arguments for ${name}, got ${show(value)}`);
}

function length(value: unknown, name: string, min: number, initial: number): number {
  if (value === undefined) return initial;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= 2 ** 20) return value;
  throw pipelineError(`expected an integer from ${min} to ${2 ** 20} for ${name}, got ${show(value)}`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
