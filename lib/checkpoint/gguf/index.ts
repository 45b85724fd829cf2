/** GGUF files as checkpoints: llama.cpp's format, one file (or several parts) with weights, configuration and tokenizer. */
import { GgmaError } from '../../errors.ts';
import type { Checkpoint, CheckpointTensor } from '../checkpoint.ts';
import { rowsReordered } from '../ranges.ts';
import { readFloats } from '../stored.ts';
import { type Architecture, architectureNamed, architectureNames, tensorName } from './architectures.ts';
import { configOf } from './config.ts';
import { readGguf } from './parts.ts';
import { templatesOf, vocabularyOf } from './vocabulary.ts';

/**
 * Opens a GGUF file, or any part of one that is split; of the weights, nothing is read but the factors of RoPE.
 * @throws GgmaError GGUF_READ, GGUF_HEADER, GGUF_TRUNCATED, GGUF_METADATA, GGUF_TENSOR, GGUF_SPLIT; UNSUPPORTED for an
 * architecture, a type or a RoPE that is not known here
 */
export function openGguf(path: string): Checkpoint {
  const file = readGguf(path);
  const { metadata } = file;
  const key = 'general.architecture';
  const prefix = metadata.text(key) ?? metadata.fail(key, 'a text');
  const architecture = architectureNamed(prefix);
  if (architecture === undefined)
    throw new GgmaError(
      'UNSUPPORTED',
      `expected one of ${architectureNames.join(', ')} for ${key}, got ${JSON.stringify(prefix)}`,
      { path: file.path },
    );
  const tokenizer = vocabularyOf(metadata);
  const config = configOf(metadata, prefix, architecture, file.tensors, tokenizer, readFloats);
  const headDim = config.head_dim as number;
  return {
    path: file.path,
    config,
    configPath: file.path,
    tensors: namedTensors(file.tensors, architecture, headDim),
    normsIncludeOne: true,
    tokenizer,
    templates: () => templatesOf(metadata),
  };
}

/** By Hugging Face's names, with the rows of q and k in Hugging Face's order. */
function namedTensors(
  tensors: ReadonlyMap<string, CheckpointTensor>,
  architecture: Architecture,
  headDim: number,
): Map<string, CheckpointTensor> {
  const order = halvesApart(headDim);
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const isTurned = architecture.interleaved && /\.attn_[qk]\.(weight|bias)$/.test(name);
      const isFit = tensor.shape[0]! % order.length === 0;
      return [tensorName(architecture, name), isTurned && isFit ? rowsReordered(tensor, order) : tensor];
    }),
  );
}

/** For each row of a head, where llama.cpp's order has it: 0, 2, 4, … are the first half, 1, 3, 5, … the second. */
function halvesApart(headDim: number): number[] {
  const half = Math.floor(headDim / 2);
  return Array.from({ length: headDim }, (_, row) => 2 * (row % half) + Math.floor(row / half));
}
