/**
 * What the run time asks of an engine. The addon (lib/native.ts) provides it; tests provide a fake one, so the
 * loop around it is tested without kernels.
 */
export interface ComputeEngine {
  readonly threads: number;
  /** Decodes a program and packs its weights. The sources may be dropped afterwards. */
  loadProgram(program: Uint8Array, sources: Uint8Array[]): Promise<ComputeProgram>;
  /** Jobs under way end with DISPOSED. */
  close(): void | Promise<void>;
}

export interface EngineOptions {
  threads?: number;
  /** Bytes that the caches of all sequences may take together. */
  kvBudgetBytes?: number;
  kvDtype?: 'f32' | 'f16';
}

export interface MemoryUse {
  weightBytes: number;
  kvBytes: number;
  arenaBytes: number;
}

export interface ComputeProgram {
  createSequence(): number;
  freeSequence(sequence: number): void;
  memory(): MemoryUse;
  /** Rows of a position table: data is [positions, width], copied. */
  setTable(table: number, firstPosition: number, data: Float32Array): void;
  /** rows: [token, sequence, position, wantLogits] each. Resolves to the best id of every wanted row. */
  step(rows: Int32Array, options?: { logits?: Float32Array; cancel?: Int32Array }): Promise<Int32Array>;
  decodeGreedy(request: DecodeRequest): Promise<number>;
}

/** Feeds `token` at `position`, then each best id in turn; resolves to how many ids it wrote to `out`. */
export interface DecodeRequest {
  sequence: number;
  token: number;
  position: number;
  count: number;
  /** An id of these ends the run; it is written to `out` as the last one. */
  stopIds: Int32Array;
  /** [count] */
  out: Int32Array;
  /** Non-zero ends the job between two layers with an error. */
  cancel?: Int32Array;
}

/** What the run time needs of a compiled model (lib/plan). */
export interface ExecutablePlan {
  program: Uint8Array;
  sources: Uint8Array[];
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
