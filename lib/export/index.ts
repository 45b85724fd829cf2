/** Hugging Face directory → Circle graphs, without Python. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GgmaError } from '../errors.ts';
import type { Module } from '../ir/graph/index.ts';
import { parseJsonObject } from '../json.ts';
import { type ModelConfig, readModelConfig } from './config.ts';
import { type Family, families } from './families/index.ts';
import { buildDecode, buildPrefill } from './graph/model.ts';
import { Weights, type WeightsOptions } from './safetensors.ts';

export { type ModelConfig, readModelConfig } from './config.ts';
export { Weights } from './safetensors.ts';
export { type Family, families };

/** Prompt rows of prefill, and columns of decode's mask, that the reference exports. */
export const defaultLength = 32;

/** An opened Hugging Face directory. */
export interface Hf {
  config: ModelConfig;
  weights: Weights;
}

export interface HfOptions extends WeightsOptions {
  /** What model_type may say. Default: the families of the registry. */
  families?: readonly Family[];
}

/**
 * Opens a Hugging Face directory: config.json and safetensors.
 * @throws GgmaError MODEL_NOT_FOUND, CONFIG, UNSUPPORTED, WEIGHTS_MISSING, SAFETENSORS_*, SHARD, PATH_ESCAPE
 */
export function openHf(dir: string, options: HfOptions = {}): Hf {
  const where = path.join(dir, 'config.json');
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(where);
  } catch (cause) {
    throw new GgmaError('MODEL_NOT_FOUND', 'expected a Hugging Face directory with a readable config.json', {
      path: where,
      cause,
    });
  }
  const config = checkConfig(bytes, where, options.families);
  const weights = new Weights(dir, options);
  const rows = weights.shapeOf('model.embed_tokens.weight')?.[0];
  if (rows !== undefined && rows !== config.vocabSize)
    throw new GgmaError(
      'CONFIG',
      `expected the embedding's ${rows} rows for vocab_size, got ${config.vocabSize}`,
      {
        path: where,
      },
    );
  return { config, weights };
}

/** config.json's bytes: whether such a model can be exported. @throws GgmaError CONFIG, UNSUPPORTED */
export function checkConfig(bytes: Uint8Array, where: string, among = families): ModelConfig {
  return readModelConfig(parseJsonObject(bytes, where), where, among);
}

/** The prefill graph over `length` tokens. @throws GgmaError WEIGHTS */
export function exportPrefill(hf: Hf, length = defaultLength): Module {
  return buildPrefill(hf.config, hf.weights, length);
}

/** The decode graph with a mask of `cacheLength` columns, and caches of two rows less. @throws GgmaError WEIGHTS */
export function exportDecode(hf: Hf, cacheLength = defaultLength): Module {
  return buildDecode(hf.config, hf.weights, cacheLength);
}
