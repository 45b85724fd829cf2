/** ggma_run: a package and a prompt in, a continuation out. */
import { GgmaError } from '../errors.ts';
import type { AbortedError, Completion, GenerateOptions, Model, Prompt } from '../runtime/index.ts';
import { version } from '../version.ts';
import {
  type CommandSpec,
  type Invocation,
  parseInteger,
  readSampling,
  runCommand,
  type Streams,
  samplingSpec,
  UsageError,
} from './common/index.ts';
import { showProfile, writeObject } from './profile.ts';

const defaultPrompt = 'Lily picked up a flower.';
/** Prompt and output together, when -n is not given. */
const defaultTotal = 32;
const defaultTrace = 'ggma-trace.json';
const mostTokens = 2 ** 31 - 1;

const spec: CommandSpec = {
  name: 'ggma_run',
  summary:
    'Continues a prompt with a GGMA package (default: the demo), taking the most likely token unless told otherwise.',
  positionals: '[PACKAGE]',
  count: [0, 1],
  options: {
    prompt: { type: 'string', short: 'p', value: 'TEXT', help: `default: "${defaultPrompt}"` },
    ids: { type: 'string', value: 'N,N,…', help: 'the prompt as token ids, in place of a text' },
    'max-tokens': {
      type: 'string',
      short: 'n',
      value: 'N',
      help: `tokens to generate (default: prompt and output are ${defaultTotal} together)`,
    },
    stop: {
      type: 'string',
      multiple: true,
      value: 'TEXT',
      help: 'end before this text; may be given repeatedly',
    },
    ...samplingSpec,
    logprobs: { type: 'string', value: 'N', help: 'log-probabilities; with --json, N alternatives each' },
    'ignore-eos': { type: 'boolean', help: 'go on after an end-of-sequence token' },
    stream: { type: 'boolean', help: 'print the text alone, as it comes' },
    json: { type: 'boolean', help: 'print one JSON object: text, ids, finishReason, usage, timings' },
    profile: {
      type: 'string',
      value: 'FILE',
      bare: defaultTrace,
      help: `time, bytes and GFLOP/s of each kernel, and a Chrome trace file (default: ${defaultTrace})`,
    },
    threads: {
      type: 'string',
      value: 'N',
      help: 'threads that compute (default: physical cores that it may use)',
    },
    'context-size': { type: 'string', value: 'N', help: "positions of the context (default: the model's)" },
  },
  version: async () => {
    const { isa, runtimeVersion } = await import('../native.ts');
    return `ggma_run v${version} (ggma runtime: v${runtimeVersion()}, ${isa()})`;
  },
};

/** @returns the exit code */
export function main(argv: readonly string[], streams?: Streams): Promise<number> {
  return runCommand(spec, argv, ggmaRun, streams);
}

async function ggmaRun(invocation: Invocation): Promise<undefined> {
  if (invocation.flag('json') && invocation.flag('stream'))
    throw new UsageError('expected one of --json and --stream, got both');
  if (invocation.text('profile') === '')
    throw new UsageError('expected a file for the trace of --profile, got ""');
  const prompt = readPrompt(invocation);
  const maxTokens = invocation.integer('max-tokens', 0, mostTokens);
  const threads = invocation.integer('threads', 1, 1024);
  const contextSize = invocation.integer('context-size', 1, mostTokens);
  const sampling = readSampling(invocation);
  const { signal } = invocation;
  const options = {
    signal,
    ...(threads === undefined ? {} : { threads }),
    ...(contextSize === undefined ? {} : { contextSize }),
    profile: invocation.text('profile') !== undefined,
  };
  const dir = invocation.positionals[0];
  // Imported here, so that --help and wrong usage do not wait for it, and a package not for what the demo needs.
  const model =
    dir === undefined
      ? await (await import('../make/index.ts')).loadDemo(options)
      : await (await import('../package/index.ts')).load(dir, options);
  try {
    for (const warning of model.warnings) await invocation.warn(warning);
    await generate(invocation, model, prompt, {
      ...sampling,
      ...(maxTokens === undefined ? {} : { maxTokens }),
    });
  } finally {
    await model.close();
  }
}

async function generate(
  invocation: Invocation,
  model: Model,
  prompt: Prompt,
  asked: GenerateOptions,
): Promise<void> {
  const ids = promptIds(model, prompt);
  const ignoreEos = invocation.flag('ignore-eos');
  const options: GenerateOptions = {
    ...asked,
    maxTokens: asked.maxTokens ?? (await defaultMaxTokens(invocation, model, ids.length)),
    stop: invocation.texts('stop'),
    ignoreEos,
    eosIds: endingIds(model),
    signal: invocation.signal,
  };
  const shown = typeof prompt === 'string' ? prompt : list(ids);
  if (invocation.flag('stream')) {
    await stream(invocation, model, ids, options);
    return showProfile(invocation, model);
  }
  const result = await collect(invocation, model, ids, options);
  if (invocation.flag('json'))
    return writeObject(invocation, model, { prompt: shown, promptIds: [...ids], ...result });
  const lines = [`prompt: ${shown}`, `generated: ${list(result.ids)}`];
  if (result.logprobs !== undefined)
    lines.push(`logprobs: ${list(result.logprobs.map(({ logprob }) => logprob.toFixed(4)))}`);
  if (model.tokenizer !== null) lines.push(`detokenized: ${result.text}`);
  await invocation.write(`${lines.join('\n')}\n`);
  await showProfile(invocation, model);
}

async function stream(
  invocation: Invocation,
  model: Model,
  ids: Int32Array,
  options: GenerateOptions,
): Promise<void> {
  try {
    for await (const { text } of model.generate(ids, options)) await invocation.write(text);
  } catch (error) {
    if (!invocation.interrupted) throw error;
  }
  await invocation.write('\n');
}

/** The completion; after Ctrl-C what there is of it. */
async function collect(
  invocation: Invocation,
  model: Model,
  ids: Int32Array,
  options: GenerateOptions,
): Promise<Omit<Completion, 'finishReason'> & { finishReason: string }> {
  try {
    return await model.complete(ids, options);
  } catch (error) {
    if (!invocation.interrupted || !isAborted(error)) throw error;
    return { ...error.partial, finishReason: 'interrupted' };
  }
}

function isAborted(error: unknown): error is AbortedError {
  return error instanceof GgmaError && error.code === 'ABORTED';
}

async function defaultMaxTokens(invocation: Invocation, model: Model, promptTokens: number): Promise<number> {
  const room = Math.min(defaultTotal, model.contextSize) - promptTokens;
  if (room <= 0 && promptTokens <= model.contextSize)
    await invocation.warn(
      `the prompt alone has ${promptTokens} tokens of ${defaultTotal}: use -n to generate more`,
    );
  return Math.max(room, 0);
}

/**
 * The package's, and id 0 where it stands for no text (SentencePiece's unknown piece), because the reference run ends at
 * it too. In byte-level vocabularies id 0 is "!".
 */
function endingIds({ eosIds, tokenizer }: Model): number[] {
  const zeroEnds = tokenizer !== null && (tokenizer.specialIds.has(0) || tokenizer.unkId === 0);
  return zeroEnds && !eosIds.includes(0) ? [...eosIds, 0] : [...eosIds];
}

/** @throws UsageError */
function readPrompt(invocation: Invocation): Prompt {
  const ids = invocation.text('ids');
  const text = invocation.text('prompt');
  if (ids === undefined) return text ?? defaultPrompt;
  if (text !== undefined) throw new UsageError('expected one of --prompt and --ids, got both');
  return ids.split(',').map((id) => parseInteger(id.trim(), '--ids', 0, mostTokens));
}

function promptIds(model: Model, prompt: Prompt): Int32Array {
  if (typeof prompt !== 'string') return Int32Array.from(prompt);
  if (model.tokenizer === null)
    throw new UsageError('expected --ids for a package without a tokenizer, got a text as prompt');
  return model.tokenizer.encode(prompt);
}

function list(ids: ArrayLike<number | string>): string {
  return ids.length === 0 ? '{ }' : `{ ${Array.from(ids).join(', ')} }`;
}
