/** The metadata of a GGUF file in the words of config.json. */
import { GgmaError } from '../../errors.ts';
import type { JsonObject } from '../../json.ts';
import type { CheckpointTensor, Vocabulary } from '../checkpoint.ts';
import type { Architecture } from './architectures.ts';
import type { Metadata } from './metadata.ts';
import { ropeConfig } from './rope.ts';

export interface Sizes {
  hiddenSize: number;
  layers: number;
  heads: number;
  headDim: number;
}

/** What an architecture's keys say; names are without the architecture's own. */
export interface ModelValues {
  sizes: Sizes;
  integer(key: string): number | null;
  number(key: string): number | null;
  text(key: string): string | null;
  /** The numbers of a vector; null where there is no such tensor. @throws GgmaError GGUF_TENSOR for another length */
  floats(tensor: string, length: number): Float32Array | null;
  /** Whether there is such a tensor, by the file's name for it. */
  has(tensor: string): boolean;
}

/** As config.json's sizes are limited. */
const LARGEST = 2 ** 24;

/** @throws GgmaError GGUF_METADATA, UNSUPPORTED for what would change the numbers unseen */
export function configOf(
  metadata: Metadata,
  prefix: string,
  architecture: Architecture,
  tensors: ReadonlyMap<string, CheckpointTensor>,
  { bosId, eosIds }: Vocabulary,
  floats: (tensor: CheckpointTensor) => Float32Array,
): JsonObject {
  const key = (name: string) => `${prefix}.${name}`;
  const needed = (name: string) => {
    const number = metadata.same(key(name)) ?? 0;
    return number >= 1 && number <= LARGEST
      ? number
      : metadata.fail(key(name), `a whole number from 1 to ${LARGEST}`);
  };
  const refuse = (name: string, expected: string): never => {
    const value = metadata.get(key(name));
    throw new GgmaError('UNSUPPORTED', `expected ${expected} for ${key(name)}, got ${String(value)}`, {
      path: metadata.path,
    });
  };
  const hiddenSize = needed('embedding_length');
  const heads = needed('attention.head_count');
  const kvHeads = metadata.same(key('attention.head_count_kv')) ?? heads;
  const explicit = metadata.integer(key('attention.key_length'));
  const headDim = explicit ?? hiddenSize / heads;
  if (!Number.isInteger(headDim / 2) || headDim < 2 || headDim > LARGEST)
    metadata.fail(key('attention.head_count'), `heads of an even size, of ${hiddenSize} together,`);
  const valueLength = metadata.integer(key('attention.value_length'));
  if (valueLength !== null && valueLength !== headDim)
    refuse('attention.value_length', `head_dim ${headDim}`);
  if ((metadata.integer(key('expert_count')) ?? 0) > 0)
    refuse('expert_count', '0, as mixtures of experts are not known,');
  const layers = needed('block_count');
  const values: ModelValues = {
    sizes: { hiddenSize, layers, heads, headDim },
    integer: (name) => metadata.integer(key(name)),
    number: (name) => metadata.number(key(name)),
    text: (name) => metadata.text(key(name)),
    floats: (name, length) => {
      const tensor = tensors.get(name);
      if (!tensor) return null;
      // Before anything of that size is read.
      if (String(tensor.shape) === String(length)) return floats(tensor);
      throw new GgmaError(
        'GGUF_TENSOR',
        `expected [${length}] for '${name}', got [${tensor.shape.join(', ')}]`,
        { path: tensor.path },
      );
    },
    has: (name) => tensors.has(name),
  };
  const rows = tensors.get('token_embd.weight')?.shape[0];
  const config: JsonObject = {
    model_type: architecture.modelType,
    hidden_size: hiddenSize,
    intermediate_size: needed('feed_forward_length'),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: headDim,
    vocab_size: rows ?? needed('vocab_size'),
    max_position_embeddings: metadata.integer(key('context_length')),
    rms_norm_eps:
      metadata.number(key('attention.layer_norm_rms_epsilon')) ??
      metadata.fail(key('attention.layer_norm_rms_epsilon'), 'a number'),
    tie_word_embeddings: !tensors.has('output.weight'),
    bos_token_id: bosId,
    eos_token_id: [...eosIds],
    ...ropeConfig(values, refuse),
    ...architecture.config(values),
  };
  // null is a value of its own to some families: what the file does not say is absent.
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}
