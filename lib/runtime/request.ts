/**
 * What a call asks for, checked and complete: no default is left to fill in, and the prompt fits into the context.
 * Whatever runs a generation reads this one object. It is frozen, and plain JSON but for the signal, the constraint and
 * the way an answer is read, so that it can be written down, compared, or sent to another process.
 */
import { GgmaError } from '../errors.ts';
import type { Tokenizer } from '../text/index.ts';
import { type ChatMessage, type Conversation, isConversation } from './chat/index.ts';
import type { Constraint } from './engine.ts';
import {
  type ChatOptions,
  type GenerateOptions,
  type ModelLimits,
  refuseChatOptions,
  resolveOptions,
  type SamplingDefaults,
} from './options/index.ts';
import { fitPrompt, type PlainPrompt, type Prompt, type PromptLimits } from './prompt.ts';
import { type RequestSampling, resolveSampling } from './sampling.ts';
import type { ResponseReading } from './stages/index.ts';

export interface Request {
  /** The prompt; at least one id. */
  readonly ids: readonly number[];
  /** Ids that were left out of the prompt to make room. */
  readonly truncatedTokens: number;
  /** Tokens to generate at most; the context has room for them. */
  readonly maxTokens: number;
  readonly stops: readonly string[];
  /** Ids that end the generation. */
  readonly stopIds: readonly number[];
  /** null: the most likely token of the bare logits. */
  readonly sampling: RequestSampling | null;
  /** Alternatives; null: no log-probabilities. */
  readonly topLogprobs: number | null;
  /** Somebody reads the chunks as they come. */
  readonly streaming: boolean;
  readonly signal: AbortSignal | null;
  /** Which tokens may be drawn: the native object that decode requests carry. null: all of them. */
  readonly constraint: Constraint | null;
  /** How an answer to messages is told apart into parts; null: the prompt is no conversation, and all is text. */
  readonly reading: ResponseReading | null;
}

/** What of a model a request depends on. */
export interface RequestLimits extends PromptLimits, ModelLimits {
  readonly sampling: SamplingDefaults;
  readonly tokenizer: Tokenizer | null;
  /** How the package's conversations are written. */
  readonly conversation: Conversation;
}

export interface RequestExtras {
  streaming: boolean;
  constraint?: Constraint | null;
  /** The ids of a long text, where they have been found already. */
  encoded?: Int32Array | null;
}

/** @throws GgmaError OPTION, INPUT, TOKEN_ID, CONTEXT_OVERFLOW, TEMPLATE, UNSUPPORTED */
export function makeRequest(
  model: RequestLimits,
  prompt: Prompt,
  options: GenerateOptions,
  { streaming, constraint = null, encoded = null }: RequestExtras,
): Request {
  const resolved = resolveOptions(options, model);
  const { stops, stopIds, topLogprobs, signal } = resolved;
  const written = isConversation(prompt) ? writeConversation(model, prompt, options) : null;
  if (written === null) refuseChatOptions(options);
  const { ids, maxTokens, truncatedTokens } = fitPrompt(
    model,
    written?.ids ?? (prompt as PlainPrompt),
    resolved,
    encoded,
  );
  const sampling = resolveSampling(options, model.sampling);
  for (const list of [ids, stops, stopIds]) Object.freeze(list);
  return Object.freeze({
    ids,
    truncatedTokens,
    maxTokens,
    stops,
    stopIds,
    sampling,
    topLogprobs,
    streaming,
    signal,
    constraint,
    reading: written?.reading ?? null,
  });
}

/** @throws GgmaError INPUT, TEMPLATE, UNSUPPORTED */
export function writeConversation(
  { tokenizer, conversation }: Pick<RequestLimits, 'tokenizer' | 'conversation'>,
  messages: readonly ChatMessage[],
  options: ChatOptions,
): { ids: Int32Array; text: string; reading: ResponseReading } {
  if (tokenizer === null)
    throw new GgmaError(
      'INPUT',
      'expected token ids as prompt for a package without a tokenizer, got messages',
    );
  const { segments, text, response, answerPrompt } = conversation.render(messages, options);
  // A template writes the beginning of sequence itself, where the model wants one.
  const ids = tokenizer.encode(segments, { addBos: false, addEos: false });
  const reading = {
    ...{ template: response, prompt: answerPrompt, tools: options.tools ?? [] },
    callId: (index: number) => callId(ids, index),
  };
  return { ids, text, reading };
}

const CALL_ID_LENGTH = 9;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * The id of an answer's tool call: the same for the same prompt, and another one in each turn of a conversation. Nine
 * letters and digits, because Mistral's templates refuse all others. (FNV-1a, 64 bits, over the prompt and the index.)
 */
function callId(prompt: Int32Array, index: number): string {
  let hash = 0xcbf29ce484222325n;
  for (const value of [...prompt, index]) hash = BigInt.asUintN(64, (hash ^ BigInt(value)) * 0x100000001b3n);
  let text = '';
  for (let i = 0; i < CALL_ID_LENGTH; i++, hash /= 62n) text += ALPHABET[Number(hash % 62n)];
  return text;
}
