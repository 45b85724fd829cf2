/**
 * ggma: small Llama-family language models in Node.
 *
 *     const model = await load('tinyllama');
 *     for await (const { text } of model.generate('Lily picked up a flower.')) process.stdout.write(text);
 *     await model.close();
 */
export type { ErrorCode } from './error-codes.ts';
export { GgmaError, type GgmaErrorDetails } from './errors.ts';
export { type LoadOptions, type LoadStage, load } from './package/load.ts';
export { prepare } from './package/prepared/index.ts';
export type {
  Completion,
  FinishReason,
  GenerateOptions,
  Generation,
  GenerationChunk,
  KernelProfile,
  MemoryUse,
  Model,
  Profile,
  Prompt,
  SamplingDefaults,
  SamplingOptions,
  Score,
  ScoreOptions,
  Timings,
  TokenLogprob,
  TraceFile,
  Usage,
} from './runtime/index.ts';
export type { EncodeOptions, StreamDecoder, TokenIds, Tokenizer } from './text/index.ts';
export { version } from './version.ts';
