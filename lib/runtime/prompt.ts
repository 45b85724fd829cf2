/** A prompt as ids that fit into the context, or why they do not. */
import { GgmaError } from '../errors.ts';
import type { TokenIds, Tokenizer } from '../text/index.ts';
import { checkTokenId } from '../text/index.ts';
import type { ChatMessage } from './chat/index.ts';
import type { GenerateOptions, ResolvedOptions } from './options/index.ts';
import type { Request } from './request.ts';

/** UTF-16 units, which take a few milliseconds to encode. */
const MAX_SHORT_TEXT = 16_384;

/** A text, or token ids that are taken as they are: an array, or a typed array of integers wider than a byte. */
export type PlainPrompt = string | TokenIds;

/** Or the messages of a conversation, which the package's chat template writes. */
export type Prompt = PlainPrompt | readonly ChatMessage[];

export interface PromptLimits {
  readonly tokenizer: Tokenizer | null;
  readonly vocabSize: number;
  readonly contextSize: number;
}

/** The part of a request that the prompt decides. */
type Fitted = Pick<Request, 'ids' | 'maxTokens' | 'truncatedTokens'>;

/**
 * @param encoded what {@link encodeLong} gave
 * @throws GgmaError INPUT, TOKEN_ID, CONTEXT_OVERFLOW
 */
export function fitPrompt(
  limits: PromptLimits,
  prompt: PlainPrompt,
  { addBos, maxTokens, overflow }: Pick<ResolvedOptions, 'addBos' | 'maxTokens' | 'overflow'>,
  encoded: Int32Array | null = null,
): Fitted {
  const { contextSize } = limits;
  const truncates = overflow === 'truncate-left';
  const ids = readPrompt(limits, prompt, addBos, truncates ? Infinity : contextSize, encoded);
  const room = contextSize - ids.length;
  const wanted = maxTokens ?? 1;
  if (room >= wanted) return { ids, maxTokens: maxTokens ?? room, truncatedTokens: 0 };
  const head = truncates ? headLength(limits, prompt, ids, addBos) : 0;
  // At least one id of the prompt's own has to stay behind the head.
  const tail = contextSize - wanted - head;
  if (!truncates || tail < 1) throw overflowError(contextSize, ids.length, maxTokens);
  const kept = [...ids.slice(0, head), ...ids.slice(ids.length - tail)];
  return { ids: kept, maxTokens: wanted, truncatedTokens: ids.length - kept.length };
}

/**
 * @param maxTokens a prompt of more is refused, where possible before it is encoded
 * @throws GgmaError as {@link fitPrompt}
 */
export function readPrompt(
  { tokenizer, vocabSize, contextSize }: PromptLimits,
  prompt: PlainPrompt,
  addBos: boolean,
  maxTokens: number,
  encoded: Int32Array | null = null,
): number[] {
  const refuseMany = (count: number, shown?: string) => {
    if (count > maxTokens) throw overflowError(contextSize, count, null, shown);
  };
  let ids: number[];
  if (typeof prompt === 'string') {
    if (tokenizer === null)
      throw new GgmaError(
        'INPUT',
        'expected token ids as prompt for a package without a tokenizer, got a text',
      );
    const atLeast = tokenizer.minTokens(prompt);
    refuseMany(atLeast, `at least ${atLeast}`);
    ids = Array.from(encoded ?? tokenizer.encode(prompt, { addBos }));
    for (const [i, id] of ids.entries()) checkTokenId(id, vocabSize, `prompt token ${i}`);
  } else {
    checkIdList(prompt);
    refuseMany(prompt.length);
    ids = Array.from(prompt, (id, i) => checkTokenId(id, vocabSize, `prompt[${i}]`));
  }
  if (ids.length === 0) throw new GgmaError('INPUT', 'expected a prompt of at least one token, got none');
  refuseMany(ids.length);
  return ids;
}

/**
 * The ids of a text that is long enough for its encoding to hold the event loop up: found in steps of a few milliseconds.
 * null: another prompt, or one that will be refused anyway. The caller then reads the prompt as usual.
 */
export function encodeLong(
  { tokenizer, contextSize }: PromptLimits,
  prompt: PlainPrompt,
  { addBos = true, overflow = 'error' }: Pick<GenerateOptions, 'addBos' | 'overflow'>,
): Promise<Int32Array> | null {
  if (typeof prompt !== 'string' || prompt.length <= MAX_SHORT_TEXT || tokenizer === null) return null;
  if (overflow === 'error' && tokenizer.minTokens(prompt) > contextSize) return null;
  return tokenizer.encodeAsync(prompt, { addBos });
}

/** Refuses what people pass in good faith and what is no list of ids, with what to pass instead. */
function checkIdList(prompt: unknown): asserts prompt is TokenIds {
  const refuse = (got: string, advice: string): never => {
    throw new GgmaError('INPUT', `expected a text or token ids as prompt, got ${got}${advice}`);
  };
  if (typeof prompt !== 'object' || prompt === null) return refuse(kindOf(prompt), '');
  // A Buffer of text would otherwise run, as ids below 256.
  if (prompt instanceof Uint8Array || prompt instanceof Uint8ClampedArray || prompt instanceof ArrayBuffer)
    return refuse(
      Buffer.isBuffer(prompt) ? 'a Buffer' : kindOf(prompt),
      ', which holds bytes: decode a text first (buffer.toString()), or put ids into an array or an Int32Array',
    );
  if (!('length' in prompt) || !Number.isInteger(prompt.length))
    return refuse(kindOf(prompt), 'role' in prompt || 'messages' in prompt ? messagesAdvice : '');
  const first = (prompt as ArrayLike<unknown>)[0];
  if (typeof first === 'object' && first !== null)
    return refuse(
      'a list of objects',
      'role' in first
        ? ': of a conversation, pass its text or its ids'
        : ': pass one text, or the ids themselves',
    );
  if (typeof first === 'string' && !/^-?\d*$/.test(first))
    return refuse('a list of texts', ': join them into one text, or make one call for each');
}

const messagesAdvice = ': messages are a list, [{ role, content }, …]';

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return `an object (${value.constructor?.name ?? 'without a class'})`;
}

/** Ids at the start that truncation keeps: without them a model sees a text that begins in the middle. */
function headLength(
  { tokenizer }: PromptLimits,
  prompt: PlainPrompt,
  ids: readonly number[],
  addBos: boolean,
): number {
  if (tokenizer === null) return 0;
  if (typeof prompt === 'string') return tokenizer.encode('', { addBos, addEos: false }).length;
  return ids[0] === tokenizer.bosId ? 1 : 0;
}

function overflowError(
  contextSize: number,
  promptTokens: number,
  maxTokens: number | null,
  shown = `${promptTokens}`,
): GgmaError {
  const wanted = maxTokens === null ? '' : ` and ${maxTokens} to generate`;
  return new GgmaError(
    'CONTEXT_OVERFLOW',
    `expected at most ${contextSize} tokens in the context, got ${shown} of the prompt${wanted}`,
    { values: { promptTokens, contextSize, ...(maxTokens === null ? {} : { maxTokens }) } },
  );
}
