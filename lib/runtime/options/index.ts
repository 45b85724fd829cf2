export { type ChatOptions, chatOptions, chatStartOptions, refuseChatOptions } from './chat.ts';
export {
  type GenerateOptions,
  generateOptions,
  type ModelLimits,
  type ResolvedOptions,
  resolveOptions,
  type ScoreOptions,
  scoreOptions,
} from './generate.ts';
export {
  biasEntries,
  type NumberName,
  numberRows,
  recommendedRows,
  type SamplingDefaults,
  type SamplingNumbers,
  type SamplingOptions,
  samplingOptions,
} from './sampling.ts';
