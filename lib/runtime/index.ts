export type { Completion, FinishReason, GenerationChunk, Timings, Usage } from './answer.ts';
export type {
  ComputeEngine,
  ComputeProgram,
  DecodeOutcome,
  DecodeRequest,
  EngineOptions,
  ExecutablePlan,
  LogprobArrays,
  MemoryUse,
  PositionTable,
  RawProfile,
  Sampler,
  SamplerOptions,
  WeightSource,
} from './engine.ts';
export type { AbortedError } from './generate.ts';
export type { Generation } from './generation.ts';
export type { TokenLogprob } from './logprobs.ts';
export { Model, type ModelParts } from './model.ts';
export {
  abortSignal,
  anyModel,
  type CommandOption,
  callback,
  checkOptions,
  choice,
  fillOptions,
  flag,
  type GenerateOptions,
  generateOptions,
  integer,
  isNumberRule,
  type OptionsOf,
  type OptionTable,
  option,
  type Rule,
  recommendedRows,
  ruleOf,
  type SamplingDefaults,
  type SamplingOptions,
  type ScoreOptions,
  samplingOptions,
  scoreOptions,
} from './options/index.ts';
export type { KernelProfile, Profile, TraceCall, TraceFile } from './profile.ts';
export type { Prompt } from './prompt.ts';
export type { Score } from './score.ts';
export type { Part, ReasoningPart, TextPart, ToolCallPart } from './stages/index.ts';
