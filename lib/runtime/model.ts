/** A loaded model: prompts in, tokens out. */
import { GgmaError } from '../errors.ts';
import { checkOptions, fillOptions } from '../options/index.ts';
import type { StepLabel } from '../plan/index.ts';
import type { Tokenizer } from '../text/index.ts';
import { Answer, type Completion, type GenerationChunk } from './answer.ts';
import {
  Chat,
  type ChatHost,
  type ChatMessage,
  Conversation,
  type ConversationFiles,
  type CreateChatOptions,
  isConversation,
} from './chat/index.ts';
import type { ComputeEngine, ComputeProgram, ExecutablePlan, MemoryUse } from './engine.ts';
import { type RunContext, run } from './generate.ts';
import { Generation } from './generation.ts';
import { disposedError, Job, Jobs } from './job.ts';
import {
  type ChatOptions,
  chatOptions,
  type GenerateOptions,
  generateOptions,
  type SamplingDefaults,
  type ScoreOptions,
  scoreOptions,
} from './options/index.ts';
import { PrefixCache } from './prefix-cache.ts';
import { type Profile, readProfile } from './profile.ts';
import { encodeLong, type PlainPrompt, type Prompt, readPrompt } from './prompt.ts';
import { makeRequest, type RequestExtras, type RequestLimits, writeConversation } from './request.ts';
import { Scheduler } from './scheduler.ts';
import { type Score, score } from './score.ts';
import { PositionTables } from './tables.ts';

export interface ModelParts {
  engine: ComputeEngine;
  plan: ExecutablePlan;
  tokenizer: Tokenizer | null;
  /** Ids that end a generation; may be empty. */
  eosIds: readonly number[];
  /** Positions that a prompt and its continuation may take together. */
  contextSize: number;
  /** What calls that draw tokens at random get where they say nothing. */
  sampling?: SamplingDefaults;
  /** Ids whose keys and values are kept after a generation, for prompts that begin the same. Default 0. */
  prefixCacheTokens?: number;
  /** Measure every step, for {@link Model.profile}. Default false. */
  profile?: boolean;
  /** Generations and scores that run at the same time; more wait for their turn. Default: any number. */
  maxConcurrent?: number;
  /** Those that wait; more are refused with QUEUE_FULL. Default: any number. */
  maxQueue?: number;
  /** Ends the packing of the weights, with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** What was odd about the package but no error. */
  warnings?: readonly string[];
  /** How conversations are written. Default: the package says nothing, so a call with messages has to say it. */
  conversation?: ConversationFiles;
}

/** Where a package says nothing about conversations. */
const noConversation: ConversationFiles = {
  ...{
    chatTemplates: new Map(),
    bosToken: null,
    eosToken: null,
    responseTemplate: null,
    path: 'the package',
  },
};

export class Model implements AsyncDisposable {
  /** null: the package has none; prompts are ids. */
  readonly tokenizer: Tokenizer | null;
  /** Width of the logits; every id is below it. */
  readonly vocabSize: number;
  readonly contextSize: number;
  readonly eosIds: readonly number[];
  /** What the package recommends for calls that draw tokens at random; they get it where they say nothing. */
  readonly sampling: Readonly<SamplingDefaults>;
  readonly warnings: readonly string[];
  readonly #engine: ComputeEngine;
  readonly #program: ComputeProgram;
  /** Names for what is measured; null where nothing is. */
  readonly #labels: readonly StepLabel[] | null;
  readonly #context: RunContext;
  readonly #limits: RequestLimits;
  readonly #chatHost: ChatHost;
  readonly #jobs: Jobs;
  #closing: Promise<void> | null = null;

  /** Packs the plan's weights into the engine, which the model owns from here on (also when this fails). */
  static async create(parts: ModelParts): Promise<Model> {
    const { engine, plan, profile = false, signal } = parts;
    const cancel = new Int32Array(1);
    const abort = () => {
      cancel[0] = 1;
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      signal?.throwIfAborted();
      return new Model(parts, await engine.loadProgram(plan.program, plan.sources, { profile, cancel }));
    } catch (error) {
      await engine.close();
      signal?.throwIfAborted(); // the reason, instead of the addon's CANCELLED
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  private constructor(parts: ModelParts, program: ComputeProgram) {
    const { engine, plan, tokenizer, eosIds, contextSize, sampling = {}, warnings = [] } = parts;
    this.tokenizer = tokenizer;
    this.vocabSize = plan.vocabSize;
    this.contextSize = contextSize;
    this.eosIds = [...eosIds];
    this.warnings = [...warnings];
    this.#engine = engine;
    this.sampling = { ...sampling };
    this.#program = program;
    this.#jobs = new Jobs(parts);
    this.#labels = parts.profile ? (plan.labels?.() ?? []) : null;
    const specials = tokenizer === null ? [] : [...tokenizer.specials.keys()];
    const conversation = new Conversation(parts.conversation ?? noConversation, specials);
    const { vocabSize, sampling: defaults } = this;
    this.#limits = { tokenizer, vocabSize, contextSize, eosIds, sampling: defaults, conversation };
    this.#context = {
      program,
      scheduler: new Scheduler(program),
      prefixes: new PrefixCache(program, parts.prefixCacheTokens ?? 0),
      tables: new PositionTables(program, plan),
    };
    this.#chatHost = {
      contextSize,
      generate: (messages, options, prefixes) => this.#generate(messages, options, prefixes),
      countTokens: (messages, options) => writeConversation(this.#limits, messages, options).ids.length,
      newPrefixCache: (parent) => new PrefixCache(program, contextSize, parent),
    };
  }

  get threads(): number {
    return this.#engine.threads;
  }

  /** Bytes that the model holds outside of JavaScript. */
  memory(): MemoryUse {
    this.#checkOpen();
    return this.#program.memory();
  }

  /** What the model's kernels have done since it was loaded. Rejects with OPTION unless loaded with `profile: true`. */
  async profile(): Promise<Profile> {
    this.#checkOpen();
    if (!this.#labels)
      throw new GgmaError('OPTION', 'expected a model loaded with profile: true, got one without');
    return readProfile(await this.#program.profile(), this.#labels);
  }

  /**
   * Continues a prompt. Work starts with the first `next()`; leaving the loop, or `options.signal`, ends it. What runs
   * at the same time shares the passes over the weights and changes no result.
   * @returns chunks; its `result` is the whole when they have been read
   * @throws GgmaError at once: OPTION, INPUT, TOKEN_ID, CONTEXT_OVERFLOW, QUEUE_FULL, DISPOSED. While iterating: ABORTED
   * (an {@link AbortedError}) when the signal ends it, DISPOSED when the model is closed, NUMERIC, NO_CANDIDATE,
   * OUT_OF_MEMORY.
   */
  generate(prompt: Prompt, options: GenerateOptions = {}): Generation {
    return this.#generate(prompt, options, this.#context.prefixes);
  }

  /**
   * The answer to messages, as {@link complete} gives it; its `message` goes behind them.
   * @throws GgmaError as {@link generate}; TEMPLATE, UNSUPPORTED (the package has no chat template)
   */
  chat(messages: readonly ChatMessage[], options: GenerateOptions = {}): Promise<Completion> {
    return this.complete(messages, options);
  }

  /** A conversation that remembers what was said, and computes only what is new. @throws GgmaError OPTION */
  createChat(options: CreateChatOptions = {}): Chat {
    this.#checkOpen();
    return new Chat(this.#chatHost, options);
  }

  /** The prompt that messages become: its ids, and the same as text with special tokens written out. */
  render(messages: readonly ChatMessage[], options: ChatOptions = {}): { ids: number[]; text: string } {
    checkOptions('render', options, chatOptions);
    const { ids, text } = writeConversation(this.#limits, messages, options);
    return { ids: Array.from(ids), text };
  }

  /**
   * The whole continuation at once; fewer crossings than reading {@link generate} to its end. A long text is encoded in
   * steps between which the event loop does other work.
   * @throws GgmaError as {@link generate} (rejects)
   */
  async complete(prompt: Prompt, options: GenerateOptions = {}): Promise<Completion> {
    this.#checkOpen();
    checkOptions('generate', options, generateOptions, this);
    // Awaited only where there is something to wait for, so that calls of one turn begin together.
    const encoding = isConversation(prompt) ? null : encodeLong(this, prompt, options);
    const encoded = encoding === null ? null : await encoding;
    const { chunks } = this.#prepare(prompt, options, { streaming: false, encoded });
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true) return value;
    }
  }

  /** The log-probability of each token of a text or of ids. @throws GgmaError as {@link generate}; the signal's reason */
  async score(prompt: PlainPrompt, options: ScoreOptions = {}): Promise<Score> {
    this.#checkOpen();
    checkOptions('score', options, scoreOptions, this);
    const { topLogprobs, addBos, signal = null } = fillOptions(scoreOptions, options);
    const encoding = encodeLong(this, prompt, { addBos });
    const encoded = encoding === null ? null : await encoding;
    const ids = Int32Array.from(readPrompt(this, prompt, addBos, this.contextSize, encoded));
    return score(this.#context, new Job(this.#program, this.#jobs, signal), ids, topLogprobs);
  }

  /** Ends what is under way (with DISPOSED) and gives all memory back. Doing it twice is fine. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#jobs.close();
      await this.#engine.close();
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #generate(prompt: Prompt, options: GenerateOptions, prefixes: PrefixCache): Generation {
    const { chunks, job, answer } = this.#prepare(prompt, options, { streaming: true }, prefixes);
    return new Generation(chunks, job, answer);
  }

  #prepare(
    prompt: Prompt,
    options: GenerateOptions,
    extras: RequestExtras,
    prefixes = this.#context.prefixes,
  ): { chunks: AsyncGenerator<GenerationChunk, Completion, void>; job: Job; answer: Answer } {
    this.#checkOpen();
    const request = makeRequest(this.#limits, prompt, options, extras);
    const answer = new Answer(request, this.tokenizer);
    const job = new Job(this.#program, this.#jobs, request.signal);
    return { chunks: run({ ...this.#context, prefixes }, job, request, answer), job, answer };
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw disposedError();
  }
}
