/** The weights of a Hugging Face directory: one safetensors file, or several with an index. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { GgmaError } from '../errors.ts';
import { withSystemErrorsSync } from '../system-error.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { readSafetensors } from './safetensors-header.ts';
import { readShardIndex } from './shard-index.ts';

/** @throws GgmaError WEIGHTS_MISSING, SAFETENSORS_*, SHARD, PATH_ESCAPE */
export function readSafetensorsDir(dir: string): Map<string, CheckpointTensor> {
  const single = path.join(dir, 'model.safetensors');
  if (existsSync(single)) return readSafetensors(single);
  const index = path.join(dir, 'model.safetensors.index.json');
  if (existsSync(index)) return readShards(dir, index);
  throw new GgmaError(
    'WEIGHTS_MISSING',
    'expected model.safetensors or model.safetensors.index.json, got neither',
    { path: dir },
  );
}

function readShards(dir: string, index: string): Map<string, CheckpointTensor> {
  const { files, fileOf } = readShardIndex(readIndex(index), index);
  const tensors = new Map<string, CheckpointTensor>();
  for (const file of files) {
    const shard = path.join(dir, file);
    if (!existsSync(shard))
      throw new GgmaError('SHARD', `expected the shard '${file}', got none`, { path: index });
    for (const [name, tensor] of readSafetensors(shard)) {
      if (fileOf.get(name) !== file)
        throw new GgmaError('SHARD', `expected only tensors of weight_map, got '${name}' as well`, {
          path: shard,
        });
      tensors.set(name, tensor);
    }
  }
  for (const [name, file] of fileOf) {
    if (!tensors.has(name))
      throw new GgmaError('SHARD', `expected '${name}' in '${file}' as weight_map says, got none`, {
        path: index,
      });
  }
  return tensors;
}

function readIndex(path: string): Uint8Array {
  return withSystemErrorsSync({ path, code: 'SHARD', expected: 'a readable file' }, () => readFileSync(path));
}
