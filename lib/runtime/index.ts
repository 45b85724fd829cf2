export type { Completion, FinishReason, GenerationChunk, Timings, Usage } from './answer.ts';
export {
  type AssistantMessage,
  Chat,
  type ChatMessage,
  ChatReply,
  Conversation,
  type ConversationFiles,
  type CreateChatOptions,
  type MessageToolCall,
  type Role,
  type SendOptions,
} from './chat/index.ts';
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
  type ChatOptions,
  chatOptions,
  chatStartOptions,
  type GenerateOptions,
  generateOptions,
  recommendedRows,
  type SamplingDefaults,
  type SamplingOptions,
  type ScoreOptions,
  samplingOptions,
  scoreOptions,
} from './options/index.ts';
export type { KernelProfile, Profile, TraceCall, TraceFile } from './profile.ts';
export type { PlainPrompt, Prompt } from './prompt.ts';
export type { Score } from './score.ts';
export type { Part, ReasoningPart, TextPart, ToolCallPart } from './stages/index.ts';
