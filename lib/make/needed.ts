/** Which files of a Hugging Face directory are needed, whether a hub or a folder lists them. */
import { readShardIndex } from '../checkpoint/index.ts';
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import { isPortableName } from '../hub/index.ts';
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
  const shards = shardsOf(await readIndex());
  const folded = new Map<string, string>();
  for (const shard of shards) {
    const same = folded.get(shard.toLowerCase());
    // On a disk that ignores case these are one file, and one would overwrite the other.
    if (same !== undefined) throw unsafe('names that differ in more than case', `${same} and ${shard}`);
    folded.set(shard.toLowerCase(), shard);
    if (!names.has(shard))
      throw new GgmaError('IMPORT_INCOMPLETE', `expected the shard ${shard} of weight_map, got none`, {
        path: where,
      });
  }
  return [weightNames.index, ...shards];
}

/** The files that the index names. */
function shardsOf(bytes: Uint8Array): readonly string[] {
  let files: readonly string[];
  try {
    ({ files } = readShardIndex(bytes, weightNames.index));
  } catch (error) {
    // Nothing was taken yet, so these are faults of the source and not of a folder on this disk.
    const code = error instanceof GgmaError ? IMPORT_CODES.get(error.code) : undefined;
    if (code === undefined) throw error;
    throw new GgmaError(code, (error as GgmaError).message, { path: weightNames.index, cause: error });
  }
  for (const file of files)
    if (!isPortableName(file)) throw unsafe('plain names of .safetensors files in weight_map', file);
  return files;
}

const IMPORT_CODES = new Map<ErrorCode, ErrorCode>([
  ['SHARD', 'IMPORT_INCOMPLETE'],
  ['PATH_ESCAPE', 'IMPORT_UNSAFE'],
]);

function unsafe(expected: string, got: unknown): GgmaError {
  return new GgmaError('IMPORT_UNSAFE', `expected ${expected}, got ${JSON.stringify(got)}`, {
    path: weightNames.index,
  });
}
