/** Which files of a Hugging Face directory are needed, whoever lists them: a hub or a folder. */
import { GgmaError } from '../errors.ts';
import { isPortableName } from '../hub/index.ts';
import { isObject, parseJsonObject } from '../json.ts';
import { carriedNames, fileNames, weightNames } from '../package/index.ts';

/** @throws GgmaError IMPORT_INCOMPLETE when this is no model that can be exported */
export function neededBesideWeights(names: ReadonlySet<string>, where: string): string[] {
  if (!names.has(fileNames.config))
    throw new GgmaError('IMPORT_INCOMPLETE', `expected ${fileNames.config}, got none`, { path: where });
  return carriedNames.filter((name) => names.has(name));
}

/**
 * @param readIndex gives the bytes of model.safetensors.index.json
 * @throws GgmaError IMPORT_INCOMPLETE, IMPORT_UNSAFE, CONFIG
 */
export async function neededWeights(
  names: ReadonlySet<string>,
  where: string,
  readIndex: () => Promise<Uint8Array>,
): Promise<string[]> {
  if (names.has(weightNames.single)) return [weightNames.single];
  if (!names.has(weightNames.index)) {
    const other = [...names].filter((name) => /^[^/]+\.(?:bin|pt|pth|gguf|h5|msgpack|onnx)$/.test(name));
    throw new GgmaError(
      'IMPORT_INCOMPLETE',
      `expected ${weightNames.single} or ${weightNames.index}, got ${other.length > 0 ? `${other.slice(0, 3).join(', ')}, which are not read` : 'neither'}`,
      { path: where },
    );
  }
  const { weight_map: map } = parseJsonObject(await readIndex(), weightNames.index);
  if (!isObject(map) || Object.keys(map).length === 0)
    throw new GgmaError('IMPORT_INCOMPLETE', 'expected weight_map to be an object with tensors', {
      path: weightNames.index,
    });
  const shards = [...new Set(Object.values(map))].map((shard) => {
    if (typeof shard === 'string' && isPortableName(shard) && shard.endsWith('.safetensors')) return shard;
    throw unsafe('plain names of .safetensors files in weight_map', shard);
  });
  const folded = new Map<string, string>();
  for (const shard of shards) {
    const same = folded.get(shard.toLowerCase());
    // One file where case does not count: one would overwrite the other.
    if (same !== undefined) throw unsafe('names that differ in more than case', `${same} and ${shard}`);
    folded.set(shard.toLowerCase(), shard);
    if (!names.has(shard))
      throw new GgmaError('IMPORT_INCOMPLETE', `expected the shard ${shard} of weight_map, got none`, {
        path: where,
      });
  }
  return [weightNames.index, ...shards];
}

function unsafe(expected: string, got: unknown): GgmaError {
  return new GgmaError('IMPORT_UNSAFE', `expected ${expected}, got ${JSON.stringify(got)}`, {
    path: weightNames.index,
  });
}
