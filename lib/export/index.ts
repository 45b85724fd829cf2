/** Checkpoint → Circle graphs, without Python. */
import { type Checkpoint, openHuggingFace } from '../checkpoint/index.ts';
import { GgmaError } from '../errors.ts';
import type { Module } from '../ir/graph/index.ts';
import { parseJsonObject } from '../json.ts';
import { type ModelConfig, readModelConfig } from './config.ts';
import { type Family, families } from './families/index.ts';
import { buildDecode, buildPrefill } from './graph/model.ts';
import { Weights, type WeightsOptions } from './weights.ts';

export { type ModelConfig, readModelConfig } from './config.ts';
export { type Family, families };

/** Prompt rows of prefill, and columns of decode's mask, that the reference exports. */
export const defaultLength = 32;

/** A checkpoint that can be exported. */
export interface ExportInput {
  config: ModelConfig;
  weights: Weights;
}

export interface ExportOptions extends WeightsOptions {
  /** What model_type may say. Default: the families of the registry. */
  families?: readonly Family[];
}

/**
 * Reads a checkpoint's configuration. Weights are not read before a graph's file is written.
 * @throws GgmaError CONFIG, UNSUPPORTED
 */
export function exportInput(checkpoint: Checkpoint, options: ExportOptions = {}): ExportInput {
  const { configPath } = checkpoint;
  const config = readModelConfig(checkpoint.config, configPath, options.families);
  const weights = new Weights(checkpoint, options);
  const rows = weights.shapeOf('model.embed_tokens.weight')?.[0];
  if (rows !== undefined && rows !== config.vocabSize)
    throw new GgmaError(
      'CONFIG',
      `expected the embedding's ${rows} rows for vocab_size, got ${config.vocabSize}`,
      { path: configPath },
    );
  return { config, weights };
}

/**
 * {@link exportInput} of a Hugging Face directory.
 * @throws GgmaError MODEL_NOT_FOUND, CONFIG, UNSUPPORTED, WEIGHTS_MISSING, SAFETENSORS_*, SHARD, PATH_ESCAPE
 */
export function openHf(dir: string, options: ExportOptions = {}): ExportInput {
  return exportInput(openHuggingFace(dir), options);
}

/** config.json's bytes: whether such a model can be exported. @throws GgmaError CONFIG, UNSUPPORTED */
export function checkConfig(bytes: Uint8Array, where: string, among = families): ModelConfig {
  return readModelConfig(parseJsonObject(bytes, where), where, among);
}

/** The prefill graph over `length` tokens. @throws GgmaError WEIGHTS */
export function exportPrefill(input: ExportInput, length = defaultLength): Module {
  return buildPrefill(input.config, input.weights, length);
}

/** The decode graph with a mask of `cacheLength` columns, and caches of two rows less. @throws GgmaError WEIGHTS */
export function exportDecode(input: ExportInput, cacheLength = defaultLength): Module {
  return buildDecode(input.config, input.weights, cacheLength);
}
