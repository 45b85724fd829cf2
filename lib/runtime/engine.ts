/**
 * What the run time asks of an engine: the part of the addon's surface (lib/native.ts) that it uses. Tests provide a fake
 * one, so that the loop around it is tested without kernels.
 */
import type { Engine, Program, WeightSource } from '../native.ts';
import type { StepLabel } from '../plan/index.ts';

export type {
  Constraint,
  DecodeOutcome,
  DecodeRequest,
  EngineOptions,
  LogprobArrays,
  ProgramMemory as MemoryUse,
  ProgramProfile as RawProfile,
  Sampler,
  SamplerOptions,
  WeightSource,
} from '../native.ts';

export type ComputeProgram = Pick<
  Program,
  | 'createSequence'
  | 'forkSequence'
  | 'freeSequence'
  | 'createSampler'
  | 'memory'
  | 'profile'
  | 'setTable'
  | 'decode'
>;

export interface ComputeEngine extends Pick<Engine, 'threads' | 'close'> {
  loadProgram(...parts: Parameters<Engine['loadProgram']>): Promise<ComputeProgram>;
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
  /** Asked before rows of positions below `end` are evaluated: what has to be waited for, or null. */
  loadTables?: (end: number) => Promise<void> | null;
  /** For each instruction, the part of the model that it belongs to; absent: unknown. */
  labels?: () => StepLabel[];
}

export interface PositionTable {
  width: number;
  evaluate(firstPosition: number, count: number): Float32Array;
}
