/** A prompt as ids that fit into the context, or why they do not. */
import { GgmaError } from '../errors.ts';
import type { TokenIds, Tokenizer } from '../text/index.ts';
// Not from the index: whoever takes ids alone does not wait for tokenizers.
import { checkTokenId } from '../text/index.ts';
import type { ResolvedOptions } from './options.ts';

/** A text, or token ids that are taken as they are. */
export type Prompt = string | TokenIds;

export interface PromptLimits {
  readonly tokenizer: Tokenizer | null;
  readonly vocabSize: number;
  readonly contextSize: number;
}

export interface FittedPrompt {
  ids: Int32Array;
  /** Tokens that may follow. */
  most: number;
  /** Ids that were left out to make room. */
  truncated: number;
}

/** @throws GgmaError INPUT, TOKEN_ID, CONTEXT_OVERFLOW */
export function fitPrompt(
  limits: PromptLimits,
  prompt: Prompt,
  { addBos, maxTokens, overflow }: Pick<ResolvedOptions, 'addBos' | 'maxTokens' | 'overflow'>,
): FittedPrompt {
  const { contextSize } = limits;
  const truncates = overflow === 'truncate-left';
  const ids = readPrompt(limits, prompt, addBos, truncates ? Infinity : contextSize);
  const room = contextSize - ids.length;
  const wanted = maxTokens ?? 1;
  if (room >= wanted) return { ids, most: maxTokens ?? room, truncated: 0 };
  // What a text begins with in any case, and one id of its own.
  const head = truncates ? headLength(limits, prompt, ids, addBos) : 0;
  const tail = contextSize - wanted - head;
  if (!truncates || tail < 1) throw overflowError(contextSize, ids.length, maxTokens);
  const kept = Int32Array.from([...ids.subarray(0, head), ...ids.subarray(ids.length - tail)]);
  return { ids: kept, most: wanted, truncated: ids.length - kept.length };
}

/** @param mostTokens more are refused, where possible without looking at them @throws as {@link fitPrompt} */
export function readPrompt(
  { tokenizer, vocabSize, contextSize }: PromptLimits,
  prompt: Prompt,
  addBos: boolean,
  mostTokens: number,
): Int32Array {
  const refuseMany = (count: number, shown?: string) => {
    if (count > mostTokens) throw overflowError(contextSize, count, null, shown);
  };
  let ids: Int32Array;
  if (typeof prompt === 'string') {
    if (tokenizer === null)
      throw new GgmaError(
        'INPUT',
        'expected token ids as prompt for a package without a tokenizer, got a text',
      );
    const atLeast = tokenizer.minTokens(prompt);
    refuseMany(atLeast, `at least ${atLeast}`);
    ids = tokenizer.encode(prompt, { addBos });
    ids.forEach((id, i) => {
      checkTokenId(id, vocabSize, `prompt token ${i}`);
    });
  } else {
    if (typeof prompt !== 'object' || prompt === null || !Number.isInteger(prompt.length))
      throw new GgmaError('INPUT', `expected a text or token ids as prompt, got ${typeof prompt}`);
    refuseMany(prompt.length);
    ids = Int32Array.from({ length: prompt.length }, (_, i) =>
      checkTokenId(prompt[i], vocabSize, `prompt[${i}]`),
    );
  }
  if (ids.length === 0) throw new GgmaError('INPUT', 'expected a prompt of at least one token, got none');
  refuseMany(ids.length);
  return ids;
}

/** Ids at the start that truncation keeps: without them a model sees a text that begins in the middle. */
function headLength({ tokenizer }: PromptLimits, prompt: Prompt, ids: Int32Array, addBos: boolean): number {
  if (tokenizer === null) return 0;
  if (typeof prompt === 'string') return tokenizer.encode('', { addBos }).length;
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
