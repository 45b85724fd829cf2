/** ggma_run: a package and a prompt in, a continuation out. */
import { readFile } from 'node:fs/promises';
import { GgmaError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { isa, runtimeVersion } from '../native.ts';
import { type LoadOptions, load, loadOptions } from '../package/index.ts';
import {
  type AbortedError,
  type ChatMessage,
  type Completion,
  type GenerateOptions,
  generateOptions,
  type Model,
  type Part,
  type Prompt,
} from '../runtime/index.ts';
import type { Tokenizer } from '../text/index.ts';
import { version } from '../version.ts';
import {
  type CommandSpec,
  type Invocation,
  optionSpecs,
  parseInteger,
  readOptions,
  runCommand,
  type Streams,
  UsageError,
} from './common/index.ts';
import { showProfile, writeObject } from './profile.ts';

const DEFAULT_PROMPT = 'Lily picked up a flower.';
/** Prompt and output together, when -n is not given. */
const DEFAULT_TOTAL = 32;
const DEFAULT_TRACE = 'ggma-trace.json';
const MAX_ID = 2 ** 31 - 1;
/** Of a prompt on standard input; tokenizers refuse texts of more than 4 million characters. */
const MAX_INPUT_BYTES = 16_000_000;

const spec: CommandSpec = {
  name: 'ggma_run',
  summary:
    'Continues a prompt with a GGMA package (default: the demo), taking the most likely token unless told otherwise.',
  positionals: '[PACKAGE]',
  count: [0, 1],
  options: {
    prompt: {
      type: 'string',
      short: 'p',
      value: 'TEXT',
      help: `default: "${DEFAULT_PROMPT}"; - reads it from standard input`,
    },
    ids: { type: 'string', value: 'N,N,…', help: 'the prompt as token ids, in place of a text' },
    messages: {
      type: 'string',
      value: 'FILE',
      help: 'the prompt as JSON messages, [{role, content}, …], in place of a text; - reads standard input',
    },
    chat: { type: 'boolean', help: 'a conversation in the terminal, or over a pipe with a message a line' },
    system: { type: 'string', value: 'TEXT', help: 'what the model is told first in a chat' },
    ...optionSpecs(generateOptions, {
      'max-tokens': `default: prompt and output are ${DEFAULT_TOTAL} together`,
    }),
    stream: { type: 'boolean', help: 'print the text alone, as it comes' },
    json: { type: 'boolean', help: 'print one JSON object: text, ids, finishReason, usage, timings' },
    profile: {
      type: 'string',
      value: 'FILE',
      bare: DEFAULT_TRACE,
      help: `time, bytes and GFLOP/s of each kernel, and a Chrome trace file (default: ${DEFAULT_TRACE})`,
    },
    ...optionSpecs(loadOptions),
  },
  version: () => `ggma_run v${version} (ggma runtime: v${runtimeVersion()}, ${isa()})`,
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
  const chats = invocation.flag('chat');
  for (const name of chats ? ['prompt', 'ids', 'messages', 'json', 'stream', 'profile'] : ['system'])
    if (invocation.text(name) !== undefined || invocation.flag(name))
      throw new UsageError(
        chats ? `expected --chat without --${name}, got both` : 'expected --system with --chat only',
      );
  const prompt = chats ? DEFAULT_PROMPT : await readPrompt(invocation);
  const asked = readOptions(invocation, generateOptions);
  const options: LoadOptions = {
    ...readOptions(invocation, loadOptions),
    signal: invocation.signal,
    profile: invocation.text('profile') !== undefined,
  };
  const dir = invocation.positionals[0];
  const model =
    dir === undefined ? await (await import('../make/index.ts')).loadDemo(options) : await load(dir, options);
  try {
    for (const warning of model.warnings) await invocation.warn(warning);
    if (chats) return await chat(invocation, model, asked);
    await generate(invocation, model, prompt, asked);
  } finally {
    await model.close();
  }
}

/** Whole turns are left out when the context is full: a terminal has nobody to decide it each time. */
async function chat(invocation: Invocation, model: Model, asked: GenerateOptions): Promise<undefined> {
  const { runChat } = await import('./chat/index.ts');
  const { overflow: _, signal: __, ...options } = asked;
  const system = invocation.text('system');
  const begin = system === undefined ? {} : { system };
  await runChat(invocation, model, { ...options, ...begin, overflow: 'drop-oldest-turns' });
}

async function generate(
  invocation: Invocation,
  model: Model,
  prompt: Prompt,
  asked: GenerateOptions,
): Promise<void> {
  const ids = promptIds(model, prompt);
  const isText = !isMessages(prompt);
  const maxTokens =
    asked.maxTokens ?? (isText ? await defaultMaxTokens(invocation, model, ids.length) : undefined);
  const options: GenerateOptions = {
    ...asked,
    ...(maxTokens === undefined ? {} : { maxTokens }),
    eosIds: endingIds(model),
    signal: invocation.signal,
  };
  const given: Prompt = isText ? ids : prompt;
  const shown = typeof prompt === 'string' ? prompt : isText ? list(ids) : model.render(prompt, {}).text;
  if (invocation.flag('stream')) {
    await stream(invocation, model, given, options);
    return showProfile(invocation, model);
  }
  const result = await collect(invocation, model, given, options);
  if (invocation.flag('json'))
    return writeObject(invocation, model, { prompt: shown, promptIds: [...ids], ...result });
  if (!isText) {
    // An answer to messages is read by people, or by a pipe: the ids are for --json.
    await invocation.write(`${await answerText(result.parts)}\n`);
    return showProfile(invocation, model);
  }
  const lines = [`prompt: ${shown}`, `generated: ${list(result.ids)}`];
  if (result.logprobs !== undefined)
    lines.push(`logprobs: ${list(result.logprobs.map(({ logprob }) => logprob.toFixed(4)))}`);
  if (model.tokenizer !== null) lines.push(`detokenized: ${detokenized(model.tokenizer, result)}`);
  await invocation.write(`${lines.join('\n')}\n`);
  await showProfile(invocation, model);
}

/**
 * The text of the ids alone, which is what the reference run prints on this line. A continuation's text may have a space
 * more: SentencePiece leaves it out where a text begins.
 */
function detokenized(tokenizer: Tokenizer, { ids, text }: Pick<Completion, 'ids' | 'text'>): string {
  return text.startsWith(' ') && !tokenizer.decode(ids).startsWith(' ') ? text.slice(1) : text;
}

async function answerText(parts: readonly Part[]): Promise<string> {
  const { partText } = await import('./chat/index.ts');
  return parts.map((part, i) => partText(part, parts[i - 1] ?? null, (text) => text)).join('');
}

async function stream(
  invocation: Invocation,
  model: Model,
  prompt: Prompt,
  options: GenerateOptions,
): Promise<void> {
  try {
    for await (const { text } of model.generate(prompt, options)) await invocation.write(text);
  } catch (error) {
    if (!invocation.interrupted) throw error;
  }
  await invocation.write('\n');
}

/** The completion; after Ctrl-C what there is of it. */
async function collect(
  invocation: Invocation,
  model: Model,
  prompt: Prompt,
  options: GenerateOptions,
): Promise<Omit<Completion, 'finishReason'> & { finishReason: string }> {
  try {
    return await model.complete(prompt, options);
  } catch (error) {
    if (!invocation.interrupted || !isAborted(error)) throw error;
    return { ...error.partial, finishReason: 'interrupted' };
  }
}

function isAborted(error: unknown): error is AbortedError {
  return error instanceof GgmaError && error.code === 'ABORTED';
}

async function defaultMaxTokens(invocation: Invocation, model: Model, promptTokens: number): Promise<number> {
  const room = Math.min(DEFAULT_TOTAL, model.contextSize) - promptTokens;
  if (room <= 0 && promptTokens <= model.contextSize)
    await invocation.warn(
      `the prompt alone has ${promptTokens} tokens of ${DEFAULT_TOTAL}: use -n to generate more`,
    );
  return Math.max(room, 0);
}

/**
 * The package's, and id 0 where it stands for no text (SentencePiece's unknown piece), because the reference run ends at
 * it too. In byte-level vocabularies id 0 is "!".
 */
export function endingIds({
  eosIds,
  tokenizer,
}: {
  eosIds: readonly number[];
  tokenizer: Pick<Tokenizer, 'specialIds' | 'unkId'> | null;
}): number[] {
  const zeroEnds = tokenizer !== null && (tokenizer.specialIds.has(0) || tokenizer.unkId === 0);
  return zeroEnds && !eosIds.includes(0) ? [...eosIds, 0] : [...eosIds];
}

/** @throws UsageError; GgmaError INPUT for what standard input gives */
async function readPrompt(invocation: Invocation): Promise<Prompt> {
  const ids = invocation.text('ids');
  const text = invocation.text('prompt');
  const messages = invocation.text('messages');
  if ([ids, text, messages].filter((one) => one !== undefined).length > 1)
    throw new UsageError('expected one of --prompt, --ids and --messages, got several');
  if (messages !== undefined) return readMessages(invocation, messages);
  if (ids === undefined)
    return text === '-' ? readStandardInput(invocation.streams.stdin) : (text ?? DEFAULT_PROMPT);
  return ids.split(',').map((id) => parseInteger(id.trim(), '--ids', 0, MAX_ID));
}

/** Without the line end that `echo` and editors put behind the last line: to a model it would be part of the prompt. */
async function readStandardInput(stdin: Streams['stdin']): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stdin) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    if (size > MAX_INPUT_BYTES)
      throw new GgmaError(
        'INPUT',
        `expected a prompt of at most ${MAX_INPUT_BYTES} bytes on standard input, got more`,
      );
    pieces.push(bytes);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new GgmaError('INPUT', 'expected a prompt in UTF-8 on standard input, got other bytes', { cause });
  }
}

/** The messages themselves are checked by the library. @throws GgmaError INPUT */
async function readMessages({ streams }: Invocation, file: string): Promise<readonly ChatMessage[]> {
  const text = file === '-' ? await readStandardInput(streams.stdin) : await readTextFile(file);
  const value: unknown = parseJson(Buffer.from(text), file);
  if (!isMessages(value))
    throw new GgmaError('INPUT', 'expected a list of messages, [{"role": …, "content": …}, …]', {
      path: file,
    });
  return value;
}

async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new GgmaError('INPUT', 'expected a readable file of messages', { path: file, cause });
  }
}

function isMessages(prompt: unknown): prompt is readonly ChatMessage[] {
  return Array.isArray(prompt) && typeof prompt[0] === 'object' && prompt[0] !== null;
}

function promptIds(model: Model, prompt: Prompt): Int32Array {
  if (isMessages(prompt)) return Int32Array.from(model.render(prompt, {}).ids);
  if (typeof prompt !== 'string') return Int32Array.from(prompt);
  if (model.tokenizer === null)
    throw new UsageError('expected --ids for a package without a tokenizer, got a text as prompt');
  return model.tokenizer.encode(prompt);
}

function list(ids: ArrayLike<number | string>): string {
  return ids.length === 0 ? '{ }' : `{ ${Array.from(ids).join(', ')} }`;
}
