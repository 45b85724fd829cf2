export type { Completion, FinishReason, GenerationChunk, Timings, Usage } from './answer.ts';
export {
  type ChatMessage,
  type ChatOptions,
  Conversation,
  type ConversationFiles,
  type MessageToolCall,
  type Role,
} from './chat/index.ts';
export { abortSignal, callback, checkOptions, flag, integer, type Rule, show } from './check.ts';
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
export type { GenerateOptions, ScoreOptions } from './options.ts';
export type { KernelProfile, Profile, TraceCall, TraceFile } from './profile.ts';
export type { Prompt } from './prompt.ts';
export { defaultsRules, type SamplingDefaults, type SamplingOptions } from './sampling.ts';
export type { Score } from './score.ts';
export type { Part, ReasoningPart, TextPart, ToolCallPart } from './stages/index.ts';
