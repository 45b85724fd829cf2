/**
 * ggma: small Llama-family language models in Node.
 *
 *     const model = await load('tinyllama');
 *     for await (const { text } of model.generate('Lily picked up a flower.')) process.stdout.write(text);
 *     await model.close();
 */
export type { ErrorCode } from './error-codes.ts';
export { GgmaError, type GgmaErrorDetails } from './errors.ts';
export { type LoadOptions, type LoadStage, load } from './package/index.ts';
export type {
  AbortedError,
  Completion,
  FinishReason,
  GenerateOptions,
  Generation,
  GenerationChunk,
  KernelProfile,
  MemoryUse,
  Model,
  Part,
  Profile,
  Prompt,
  ReasoningPart,
  SamplingDefaults,
  SamplingOptions,
  Score,
  ScoreOptions,
  TextPart,
  Timings,
  TokenLogprob,
  ToolCallPart,
  TraceFile,
  Usage,
} from './runtime/index.ts';
export type {
  EncodeAsyncOptions,
  EncodeOptions,
  Segment,
  StreamDecoder,
  StreamDecoderOptions,
  TokenIds,
  Tokenizer,
} from './text/index.ts';
export { version } from './version.ts';

/**
 * Writes model.ggma into a package: its compiled program and its weights as the kernels want them. `load` then reads that
 * instead of model.circle, with the same results, for as long as model.circle stays what it is. It takes about as much
 * room as model.circle does, or half of it where f32 weights go into 16 bits.
 * @returns the file's path
 * @throws GgmaError what `load` throws for the package; OUTPUT. A file that was there before is then still there.
 */
export async function prepare(dir: string): Promise<string> {
  // Imported when it is called: most processes only load packages, and what writes them would double their start.
  const { writePrepared } = await import('./make/index.ts');
  return writePrepared(dir);
}
