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
  anyModel,
  type CommandOption,
  checkOptions,
  type FilledOptions,
  fillOptions,
  type Option,
  type OptionLimits,
  type OptionsOf,
  type OptionTable,
  option,
  ruleOf,
  show,
} from './option.ts';
export {
  abortSignal,
  callback,
  choice,
  flag,
  integer,
  isNumberRule,
  type NumberRule,
  number,
  type Rule,
  texts,
} from './rule.ts';
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
