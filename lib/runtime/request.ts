/**
 * What a call asks for, checked and complete: no default is left to fill in, and the prompt fits into the context.
 * Whatever runs a generation reads this one object. It is frozen, and plain JSON but for the signal and the constraint,
 * so that it can be written down, compared, or sent to another process.
 */
import type { Tokenizer } from '../text/index.ts';
import type { Constraint } from './engine.ts';
import {
  type GenerateOptions,
  type ModelLimits,
  resolveOptions,
  type SamplingDefaults,
} from './options/index.ts';
import { fitPrompt, type Prompt, type PromptLimits } from './prompt.ts';
import { type RequestSampling, resolveSampling } from './sampling.ts';

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
}

/** What of a model a request depends on. */
export interface RequestLimits extends PromptLimits, ModelLimits {
  readonly sampling: SamplingDefaults;
  readonly tokenizer: Tokenizer | null;
}

/** @throws GgmaError OPTION, INPUT, TOKEN_ID, CONTEXT_OVERFLOW */
export function makeRequest(
  model: RequestLimits,
  prompt: Prompt,
  options: GenerateOptions,
  { streaming, constraint = null }: { streaming: boolean; constraint?: Constraint | null },
): Request {
  const resolved = resolveOptions(options, model);
  const { stops, stopIds, topLogprobs, signal } = resolved;
  const { ids, maxTokens, truncatedTokens } = fitPrompt(model, prompt, resolved);
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
  });
}
