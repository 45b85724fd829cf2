/** A loaded model: prompts in, tokens out. */
import { GgmaError } from '../errors.ts';
import type { Tokenizer } from '../text/index.ts';
import { Answer, type Completion, type GenerationChunk } from './answer.ts';
import type { ComputeEngine, ComputeProgram, ExecutablePlan, MemoryUse } from './engine.ts';
import { type RunContext, run } from './generate.ts';
import { Generation } from './generation.ts';
import { disposedError, Job, Jobs } from './job.ts';
import {
  checkOptions,
  fillOptions,
  type GenerateOptions,
  type SamplingDefaults,
  type ScoreOptions,
  scoreOptions,
} from './options/index.ts';
import { PrefixCache } from './prefix-cache.ts';
import { type Profile, readProfile } from './profile.ts';
import { type Prompt, readPrompt } from './prompt.ts';
import { makeRequest } from './request.ts';
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
  /** What was odd about the package but no error. */
  warnings?: readonly string[];
}

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
  readonly #profiled: boolean;
  readonly #context: RunContext;
  readonly #jobs: Jobs;
  #closing: Promise<void> | null = null;

  /** Packs the plan's weights into the engine, which the model owns from here on (also when this fails). */
  static async create(parts: ModelParts): Promise<Model> {
    try {
      const { engine, plan, profile = false } = parts;
      return new Model(parts, await engine.loadProgram(plan.program, plan.sources, { profile }));
    } catch (error) {
      await parts.engine.close();
      throw error;
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
    this.#profiled = parts.profile ?? false;
    this.#context = {
      program,
      scheduler: new Scheduler(program),
      prefixes: new PrefixCache(program, parts.prefixCacheTokens ?? 0),
      tables: new PositionTables(program, plan),
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
    if (!this.#profiled)
      throw new GgmaError('OPTION', 'expected a model loaded with profile: true, got one without');
    return readProfile(await this.#program.profile());
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
    const { chunks, job, answer } = this.#prepare(prompt, options, true);
    return new Generation(chunks, job, answer);
  }

  /** The whole continuation at once; fewer crossings than reading {@link generate} to its end. */
  async complete(prompt: Prompt, options: GenerateOptions = {}): Promise<Completion> {
    const { chunks } = this.#prepare(prompt, options, false);
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true) return value;
    }
  }

  /** The log-probability of each token of a text or of ids. @throws GgmaError as {@link generate}; the signal's reason */
  async score(prompt: Prompt, options: ScoreOptions = {}): Promise<Score> {
    this.#checkOpen();
    checkOptions('score', options, scoreOptions, this);
    const { topLogprobs, addBos, signal = null } = fillOptions(scoreOptions, options);
    const ids = Int32Array.from(readPrompt(this, prompt, addBos, this.contextSize));
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

  #prepare(
    prompt: Prompt,
    options: GenerateOptions,
    streaming: boolean,
  ): { chunks: AsyncGenerator<GenerationChunk, Completion, void>; job: Job; answer: Answer } {
    this.#checkOpen();
    const request = makeRequest(this, prompt, options, { streaming });
    const answer = new Answer(request, this.tokenizer);
    const job = new Job(this.#program, this.#jobs, request.signal);
    return { chunks: run(this.#context, job, request, answer), job, answer };
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw disposedError();
  }
}
