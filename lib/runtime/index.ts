export { abortSignal, callback, checkOptions, integer, type Rule, show } from './check.ts';
export type {
  ComputeEngine,
  ComputeProgram,
  DecodeRequest,
  EngineOptions,
  ExecutablePlan,
  MemoryUse,
  PositionTable,
} from './engine.ts';
export type { Completion, FinishReason, GenerationChunk, Timings } from './generate.ts';
export type { Generation } from './generation.ts';
export { Model, type ModelParts, type Prompt } from './model.ts';
export type { GenerateOptions } from './options.ts';
