/** What one generation has produced so far, and where it ends. */
import type { Tokenizer } from '../text/index.ts';
import { type AssistantMessage, answerMessage } from './chat/index.ts';
import type { LogprobArrays } from './engine.ts';
import { type TokenLogprob, tokenLogprob } from './logprobs.ts';
import type { Request } from './request.ts';
import {
  appendParts,
  type Part,
  type Piece,
  Pipeline,
  partsOf,
  stagesFor,
  type Token,
  textOf,
} from './stages/index.ts';

/**
 * 'stop': an end-of-sequence id or a stop string; 'length': maxTokens, or the context is full; 'cancelled': it was left
 * (return(), or leaving the loop), or options.signal ended it.
 */
export type FinishReason = 'stop' | 'length' | 'cancelled';

/** What one round of a generation adds. A token comes with the first character of its text. */
export interface GenerationChunk {
  /** What the reader sees, piece by piece in the order of the answer; never empty. */
  parts: Part[];
  /** The text of the text parts. Never half a character; may be empty. */
  text: string;
  /** The tokens of all parts. */
  ids: number[];
  /** One for each of `ids`; absent unless options.logprobs asks for them. */
  logprobs?: TokenLogprob[];
}

export interface Completion {
  /** The whole answer; parts of one kind that follow each other are one. */
  parts: Part[];
  /** The text of the text parts, cut before a stop string. It continues the prompt's. "" without a tokenizer. */
  text: string;
  /** Everything generated, without the end-of-sequence id; the last ones may hold a stop string. */
  ids: number[];
  /** One for each of `ids`; absent unless options.logprobs asks for them. */
  logprobs?: TokenLogprob[];
  /** Why it ended: 'stop', 'length' or 'cancelled'. */
  finishReason: FinishReason;
  /** The answer to messages as the message to put behind them; absent where the prompt is a text or ids. */
  message?: AssistantMessage;
  /** The one of options.stop that ended it; absent where something else did. */
  stopString?: string;
  /** Gives the same ids again; absent where nothing was drawn at random. */
  seed?: number;
  /** Tokens that were used. */
  usage: Usage;
  /** How long both phases took. */
  timings: Timings;
}

export interface Usage {
  /** Those that were used: without truncatedTokens. */
  promptTokens: number;
  /** Those that were generated, without the end-of-sequence id. */
  completionTokens: number;
  /** Both together. */
  totalTokens: number;
  /** How many of the prompt's were there already (prefixCacheTokens). */
  cachedTokens: number;
  /** How many of the prompt's were left out: its oldest, behind the beginning of sequence (overflow). */
  truncatedTokens: number;
}

/** Milliseconds, and tokens a second of both phases (0 where nothing was measured). Time beside others counts too. */
export interface Timings {
  /** From the first step to the first token. */
  promptMs: number;
  /** All tokens after the first. */
  decodeMs: number;
  /** Of the prompt's tokens that were computed. */
  promptTokensPerSecond: number;
  /** Of the tokens after the first. */
  tokensPerSecond: number;
}

export class Answer {
  /** Ids of the prompt that the prefix cache had. */
  cachedTokens = 0;
  readonly #request: Request;
  readonly #pipeline: Pipeline;
  readonly #ends: ReadonlySet<number>;
  readonly #parts: Part[] = [];
  readonly #drawn: number[] = [];
  #promptMs = 0;
  #decodeMs = 0;
  /** Ids that #decodeMs was spent on. */
  #decodedTokens = 0;
  #completion: Completion | null = null;

  constructor(request: Request, tokenizer: Tokenizer | null) {
    this.#request = request;
    this.#pipeline = new Pipeline(stagesFor(tokenizer, request));
    this.#ends = new Set(request.stopIds);
  }

  /** Everything drawn, what the stages hold back included; without the end-of-sequence id. */
  get drawn(): readonly number[] {
    return this.#drawn;
  }

  /** Tokens that may still be drawn. */
  get remaining(): number {
    return this.#request.maxTokens - this.#drawn.length;
  }

  /** A round of the engine; the one that ends the prompt counts as prompt. */
  took(ms: number, produced: number): void {
    if (this.#drawn.length === 0) {
      this.#promptMs += ms;
    } else {
      this.#decodeMs += ms;
      this.#decodedTokens += produced;
    }
  }

  /** Takes new ids up to the end of the answer, if it is among them. `completion`: the answer has ended. */
  take(
    batch: Int32Array,
    logprobs: LogprobArrays | null,
  ): { chunk: GenerationChunk | null; completion: Completion | null } {
    const tokens: Token[] = [];
    let finish: FinishReason | null = null;
    for (const [i, id] of batch.entries()) {
      if (this.#ends.has(id)) {
        finish = 'stop';
        break;
      }
      this.#drawn.push(id);
      tokens.push({ id, logprob: logprobs === null ? null : tokenLogprob(logprobs, i, id) });
    }
    const pieces = this.#pipeline.push(tokens);
    if (this.remaining === 0) finish ??= 'length';
    if (finish !== null) pieces.push(...this.#pipeline.end());
    const chunk = this.#show(pieces);
    finish = this.#pipeline.ending?.finishReason ?? finish;
    return { chunk, completion: finish === null ? null : this.#complete(finish) };
  }

  /** Ends the answer where it is: what the stages hold back is part of it. Later calls return the same. */
  end(finishReason: FinishReason): Completion {
    if (this.#completion === null) this.#show(this.#pipeline.end());
    return this.#complete(finishReason);
  }

  /** null: nothing to show. */
  #show(pieces: readonly Piece[]): GenerationChunk | null {
    const withLogprobs = this.#request.topLogprobs !== null;
    const parts = partsOf(pieces, withLogprobs);
    if (parts.length === 0) return null;
    appendParts(this.#parts, parts);
    return { parts, ...summary(parts, withLogprobs) };
  }

  #complete(finishReason: FinishReason): Completion {
    if (this.#completion !== null) return this.#completion;
    const { ids: prompt, truncatedTokens, sampling, topLogprobs } = this.#request;
    const perSecond = (tokens: number, ms: number) => (ms > 0 ? (tokens * 1000) / ms : 0);
    const all = summary(this.#parts, topLogprobs !== null);
    const { ending } = this.#pipeline;
    this.#completion = {
      parts: this.#parts,
      ...all,
      finishReason,
      ...(this.#request.reading === null ? {} : { message: answerMessage(this.#parts) }),
      ...(ending === null ? {} : { stopString: ending.stopString }),
      ...(sampling?.seed === undefined ? {} : { seed: sampling.seed }),
      usage: {
        promptTokens: prompt.length,
        completionTokens: all.ids.length,
        totalTokens: prompt.length + all.ids.length,
        cachedTokens: this.cachedTokens,
        truncatedTokens,
      },
      timings: {
        promptMs: this.#promptMs,
        decodeMs: this.#decodeMs,
        promptTokensPerSecond: perSecond(prompt.length - this.cachedTokens, this.#promptMs),
        tokensPerSecond: perSecond(this.#decodedTokens, this.#decodeMs),
      },
    };
    return this.#completion;
  }
}

function summary(
  parts: readonly Part[],
  withLogprobs: boolean,
): Pick<GenerationChunk, 'text' | 'ids' | 'logprobs'> {
  const ids = parts.flatMap((part) => part.ids);
  const logprobs = withLogprobs ? { logprobs: parts.flatMap((part) => part.logprobs ?? []) } : {};
  return { text: textOf(parts), ids, ...logprobs };
}
