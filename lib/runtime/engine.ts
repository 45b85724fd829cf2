/**
 * What the run time asks of an engine. The addon (lib/native.ts) provides it; tests provide a fake one, so the
 * loop around it is tested without kernels.
 */
export interface ComputeEngine {
  readonly threads: number;
  /** Decodes a program and packs its weights. The sources may be dropped afterwards. */
  loadProgram(
    program: Uint8Array,
    sources: WeightSource[],
    options?: { profile?: boolean },
  ): Promise<ComputeProgram>;
  /** Jobs under way end with DISPOSED. */
  close(): void | Promise<void>;
}

/** Memory, or a range of an open file. */
export type WeightSource =
  | Uint8Array
  | { readonly fd: number; readonly offset: number; readonly byteLength: number; readonly mmap?: boolean };

export interface EngineOptions {
  threads?: number;
  /** Bytes that the caches of all sequences may take together. */
  kvBudgetBytes?: number;
  kvDtype?: 'f32' | 'f16';
  screen?: boolean;
}

export interface MemoryUse {
  /** Packed weights, without what is mapped. */
  weightBytes: number;
  /** Keys and values of what is under way, and of the prefix cache. */
  kvBytes: number;
  /** Intermediate results. */
  arenaBytes: number;
}

/** Where a program's time went; phases: 0 prefill, 1 decode. */
export interface RawProfile {
  names: string[];
  /** [2 phases, 3]: passes, rows, ns */
  passes: Float64Array;
  /** [2 phases, names, 6]: calls, rows, ns, weight bytes, other bytes, operations */
  totals: Float64Array;
  /** [events, 8]: index of names, phase, pass, rows, start in ns, ns, bytes, operations */
  events: Float64Array;
  /** Events left out. */
  dropped: number;
}

export interface ComputeProgram {
  createSequence(): number;
  /** A sequence that begins with the first `positions` ids of another, whose memory it shares. */
  forkSequence(sequence: number, positions: number): Promise<number>;
  freeSequence(sequence: number): void;
  memory(): MemoryUse;
  profile(): Promise<RawProfile>;
  /** Rows of a position table: data is [positions, width], copied. */
  setTable(table: number, firstPosition: number, data: Float32Array): void;
  createSampler(options: SamplerOptions): ComputeSampler;
  /** Requests in lock-step, until one has ended or `mostMs` have passed; an outcome for each. */
  decode(requests: readonly DecodeRequest[], mostMs: number): Promise<DecodeOutcome[]>;
}

/** How a sequence draws its tokens; what is absent changes nothing (temperature: 1). */
export interface SamplerOptions {
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repeatPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  biasIds?: Int32Array;
  biasValues?: Float32Array;
  seed?: number;
  promptIds?: Int32Array;
}

/** Draws the tokens of one sequence; it keeps count of them. */
export interface ComputeSampler {
  /** [vocab]: what the next token is drawn from. */
  probabilities(logits: Float32Array): Float64Array;
}

/** Log-probabilities that the engine fills in, for each token of a list. */
export interface LogprobArrays {
  /** [tokens] */
  logprobs: Float64Array;
  /** Alternatives per token. */
  top: number;
  /** [tokens, top] */
  topIds: Int32Array;
  /** [tokens, top] */
  topLogprobs: Float64Array;
}

export interface DecodeRequest {
  sequence: number;
  /** Of feed[0]. */
  position: number;
  /** A prompt, or the id drawn last. */
  feed: Int32Array;
  /** Ids to draw behind them at most. */
  count: number;
  /** [count] */
  out: Int32Array;
  /** An id of these ends the request; it is written to `out` as the last one. */
  stopIds: Int32Array;
  /** Absent: always the most likely id. */
  sampler?: ComputeSampler;
  /** Of the ids in `out`. */
  logprobs?: LogprobArrays;
  /** Of `feed`, but for entry 0. */
  scores?: LogprobArrays;
  /** Non-zero ends the request with an error, within a step. */
  cancel: Int32Array;
}

export interface DecodeOutcome {
  /** Ids of `feed` that the sequence holds now. */
  fed: number;
  /** Ids in `out`. */
  produced: number;
  error: Error | null;
}

/** What the run time needs of a compiled model (lib/plan). */
export interface ExecutablePlan {
  program: Uint8Array;
  sources: WeightSource[];
  /** Width of the logits. */
  vocabSize: number;
  /** Where the graph itself ends (a constant table of positions, for example); absent: nowhere. */
  maxPositions?: number;
  /** Values that depend on the position alone. evaluate gives [count, width]. */
  tables: PositionTable[];
}

export interface PositionTable {
  width: number;
  evaluate(firstPosition: number, count: number): Float32Array;
}
