/** What one generation has produced so far, and where it ends. */
import type { TextAssembler } from './assemble.ts';
import type { LogprobArrays } from './engine.ts';
import { type TokenLogprob, tokenLogprob } from './logprobs.ts';
import type { ResolvedOptions } from './options.ts';

/**
 * 'stop': an end-of-sequence id or a stop string; 'length': maxTokens, or the context is full; 'cancelled': the
 * iterator's return() was called while a step was under way.
 */
export type FinishReason = 'stop' | 'length' | 'cancelled';

/** What one round of a generation adds. `text` may lag behind `ids`: a character or a stop string may be unfinished. */
export interface GenerationChunk {
  /** Never half a character; may be empty. */
  text: string;
  /** None where the last text was waiting for a stop string that did not come. */
  ids: number[];
  /** One for each of `ids`; absent unless options.logprobs asks for them. */
  logprobs?: TokenLogprob[];
}

export interface Completion {
  /** Everything generated, without the end-of-sequence id, and cut before a stop string. "" without a tokenizer. */
  text: string;
  /** Everything generated, without the end-of-sequence id; the last ones may hold a stop string. */
  ids: number[];
  /** One for each of `ids`; absent unless options.logprobs asks for them. */
  logprobs?: TokenLogprob[];
  /** Why it ended: 'stop', 'length' or 'cancelled'. */
  finishReason: FinishReason;
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

export class Progress {
  readonly ids: number[] = [];
  /** Ids of the prompt that the cache had. */
  cached = 0;
  /** Ids of the prompt that had no room. */
  truncated = 0;
  promptMs = 0;
  decodeMs = 0;
  readonly #promptTokens: number;
  readonly #most: number;
  readonly #options: ResolvedOptions;
  readonly #assembler: TextAssembler;
  readonly #ends: ReadonlySet<number>;
  readonly #logprobs: TokenLogprob[] = [];
  #text = '';
  /** Ids that decodeMs was spent on. */
  #decoded = 0;

  constructor(promptTokens: number, most: number, options: ResolvedOptions, assembler: TextAssembler) {
    this.#promptTokens = promptTokens;
    this.#most = most;
    this.#options = options;
    this.#assembler = assembler;
    this.#ends = new Set(options.stopIds);
  }

  get remaining(): number {
    return this.#most - this.ids.length;
  }

  /** A round of the engine; the one that ends the prompt counts as prompt. */
  took(ms: number, produced: number): void {
    if (this.ids.length === 0) {
      this.promptMs += ms;
    } else {
      this.decodeMs += ms;
      this.#decoded += produced;
    }
  }

  /** Takes new ids up to the end of the generation, if it is among them. */
  take(
    batch: Int32Array,
    logprobs: LogprobArrays | null,
  ): { chunk: GenerationChunk; finish: FinishReason | null } {
    const chunk: GenerationChunk = { text: '', ids: [], ...(logprobs === null ? {} : { logprobs: [] }) };
    let finish: FinishReason | null = null;
    let cut = false;
    for (const [i, id] of batch.entries()) {
      if (this.#ends.has(id)) {
        finish = 'stop';
        break;
      }
      this.ids.push(id);
      chunk.ids.push(id);
      if (logprobs !== null) chunk.logprobs?.push(tokenLogprob(logprobs, i, id));
      const { text, matched } = this.#assembler.push(id);
      chunk.text += text;
      if (matched) {
        finish = 'stop';
        cut = true;
        break;
      }
      if (this.remaining === 0) {
        finish = 'length';
        break;
      }
    }
    if (finish !== null && !cut) chunk.text += this.#assembler.end();
    this.#text += chunk.text;
    this.#logprobs.push(...(chunk.logprobs ?? []));
    return { chunk, finish };
  }

  complete(finishReason: FinishReason): Completion {
    const perSecond = (tokens: number, ms: number) => (ms > 0 ? (tokens * 1000) / ms : 0);
    const seed = this.#options.sampling?.seed;
    return {
      text: this.#text,
      ids: this.ids,
      ...(this.#options.topLogprobs === null ? {} : { logprobs: this.#logprobs }),
      finishReason,
      ...(seed === undefined ? {} : { seed }),
      usage: {
        promptTokens: this.#promptTokens,
        completionTokens: this.ids.length,
        totalTokens: this.#promptTokens + this.ids.length,
        cachedTokens: this.cached,
        truncatedTokens: this.truncated,
      },
      timings: {
        promptMs: this.promptMs,
        decodeMs: this.decodeMs,
        promptTokensPerSecond: perSecond(this.#promptTokens - this.cached, this.promptMs),
        tokensPerSecond: perSecond(this.#decoded, this.decodeMs),
      },
    };
  }
}
