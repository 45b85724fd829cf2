/** model.safetensors.index.json: which file each tensor lies in. */
import path from 'node:path';
import { GgmaError } from '../errors.ts';
import { isObject, type Json, parseJsonObject } from '../json.ts';

export interface ShardIndex {
  /** Each file once, in the order in which the index names them. */
  files: readonly string[];
  /** The file of each tensor. */
  fileOf: ReadonlyMap<string, string>;
}

/**
 * @param where the index's path, for messages
 * @throws GgmaError CONFIG for what is no JSON, SHARD for an index without tensors, PATH_ESCAPE for names that are no
 * plain names of .safetensors files: they come from whoever wrote the file, and must not lead out of its folder
 */
export function readShardIndex(bytes: Uint8Array, where: string): ShardIndex {
  const map = parseJsonObject(bytes, where).weight_map;
  if (!isObject(map) || Object.keys(map).length === 0)
    throw new GgmaError('SHARD', 'expected weight_map to be an object with tensors', { path: where });
  const fileOf = new Map(Object.entries(map).map(([tensor, file]) => [tensor, plainName(file, where)]));
  return { files: [...new Set(fileOf.values())], fileOf };
}

function plainName(file: Json, where: string): string {
  const isPlain =
    typeof file === 'string' &&
    file === path.basename(file) &&
    file.endsWith('.safetensors') &&
    !/[\\/:\0]/.test(file);
  if (isPlain) return file;
  throw new GgmaError(
    'PATH_ESCAPE',
    `expected plain names of .safetensors files in weight_map, got ${JSON.stringify(file)}`,
    { path: where },
  );
}
