/** Hugging Face directory → Circle graphs, without Python. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { GgmaError } from '../errors.ts';
import type { Module } from '../ir/graph.ts';
import { parseJsonObject } from '../json.ts';
import { readModelConfig } from './config.ts';
import { buildDecode, buildPrefill, type Hf } from './llama.ts';
import { Weights } from './safetensors.ts';

/** Prompt rows of prefill, and columns of decode's mask, that the reference exports. */
export const defaultLength = 32;

/**
 * Opens a Hugging Face directory: config.json and safetensors.
 * @throws GgmaError MODEL_NOT_FOUND, CONFIG, UNSUPPORTED, WEIGHTS_MISSING, SAFETENSORS_*, SHARD, PATH_ESCAPE
 */
export function openHf(dir: string): Hf {
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
  return { config: readModelConfig(parseJsonObject(bytes, where), where), weights: new Weights(dir) };
}

/** The prefill graph over `length` tokens. @throws GgmaError WEIGHTS */
export function exportPrefill(hf: Hf, length = defaultLength): Module {
  return buildPrefill(hf, length);
}

/** The decode graph with a mask of `cacheLength` columns, and caches of two rows less. @throws GgmaError WEIGHTS */
export function exportDecode(hf: Hf, cacheLength = defaultLength): Module {
  return buildDecode(hf, cacheLength);
}
