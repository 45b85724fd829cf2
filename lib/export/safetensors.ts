/** The weights of a Hugging Face directory, single file or sharded, as float32. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { widenBfloat16, widenFloat16 } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { isObject, type Json, type JsonObject, parseJsonObject } from '../json.ts';
import { readExactly, readTensorEntries, type TensorEntry, withFile } from './safetensors-header.ts';

export interface WeightsOptions {
  /** Called before a tensor is read. */
  onRead?: (name: string) => void;
  /** Called for what is odd but does not stop the export. */
  onWarning?: (message: string) => void;
}

export class Weights {
  private readonly entries: ReadonlyMap<string, TensorEntry>;
  private readonly dir: string;
  private readonly read = new Set<string>();
  private readonly options: WeightsOptions;

  /** @throws GgmaError WEIGHTS_MISSING, SAFETENSORS_*, SHARD, PATH_ESCAPE */
  constructor(dir: string, options: WeightsOptions = {}) {
    this.dir = dir;
    this.options = options;
    const single = path.join(dir, 'model.safetensors');
    const index = path.join(dir, 'model.safetensors.index.json');
    if (existsSync(single)) this.entries = readTensorEntries(single);
    else if (existsSync(index)) this.entries = readShards(dir, index);
    else
      throw new GgmaError(
        'WEIGHTS_MISSING',
        'expected model.safetensors or model.safetensors.index.json, got neither',
        { path: dir },
      );
  }

  /**
   * Warns of tensors that no part of the graph has read: a bias that config.json does not mention, say, would change
   * the numbers. @param isKnown names that may lie unused
   */
  warnUnused(isKnown: (name: string) => boolean): void {
    const unused = [...this.entries.keys()].filter((name) => !this.read.has(name) && !isKnown(name));
    if (unused.length === 0) return;
    const more = unused.length > 3 ? ` and ${unused.length - 3} more` : '';
    this.options.onWarning?.(`the graph does not use the tensors ${unused.slice(0, 3).join(', ')}${more}`);
  }

  /** The shape in the file, or undefined when there is no such tensor. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.entries.get(name)?.shape;
  }

  /** Names of all tensors with a NaN or an infinity among their values; reads every byte of the weights. */
  *notFinite(): Generator<string> {
    for (const [name, entry] of this.entries) {
      this.options.onRead?.(name);
      if (!isFiniteInFile(entry)) yield name;
    }
  }

  /** A tensor as little-endian float32, row-major. @throws GgmaError WEIGHTS: name, want, got */
  float32(name: string, shape: readonly number[]): Uint8Array {
    const entry = this.entries.get(name);
    const wanted = `[${shape.join(', ')}]`;
    if (!entry)
      throw new GgmaError('WEIGHTS', `expected the tensor '${name}' ${wanted}, got none`, { path: this.dir });
    if (String(entry.shape) !== String(shape))
      throw new GgmaError('WEIGHTS', `expected ${wanted} for '${name}', got [${entry.shape.join(', ')}]`, {
        path: entry.file,
      });
    this.read.add(name);
    this.options.onRead?.(name);
    const words = widen(name, entry);
    if (this.options.onWarning && !allFinite(words))
      this.options.onWarning(`'${name}' holds values that are not finite`);
    return new Uint8Array(words.buffer);
  }
}

function widen(name: string, entry: TensorEntry): Uint32Array<ArrayBuffer> {
  const { file, dtype, begin, end } = entry;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
    throw new GgmaError('WEIGHTS', `expected F32, F16 or BF16 for '${name}', got ${dtype}`, { path: file });
  const bytes = withFile(file, (fd) => readExactly(fd, begin, end - begin, file));
  if (dtype === 'F32') return new Uint32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  return dtype === 'BF16' ? widenBfloat16(halves) : widenFloat16(halves);
}

/** NaN and infinities have all exponent bits set. */
function allFinite(words: Uint32Array | Uint16Array, exponent = 0x7f800000): boolean {
  for (let i = 0; i < words.length; i++) if ((words[i]! & exponent) === exponent) return false;
  return true;
}

const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['F32', 0x7f800000],
  ['F16', 0x7c00],
  ['BF16', 0x7f80],
]);
/** Bytes that are looked at in one go. */
const PIECE = 2 ** 24;

/** Of types that are no weights nothing is said. */
function isFiniteInFile({ file, dtype, begin, end }: TensorEntry): boolean {
  const exponent = EXPONENTS.get(dtype);
  if (exponent === undefined) return true;
  return withFile(file, (fd) => {
    for (let at = begin; at < end; at += PIECE) {
      const { buffer } = readExactly(fd, at, Math.min(PIECE, end - at), file);
      if (!allFinite(dtype === 'F32' ? new Uint32Array(buffer) : new Uint16Array(buffer), exponent))
        return false;
    }
    return true;
  });
}

function readShards(dir: string, index: string): Map<string, TensorEntry> {
  const map = readWeightMap(index);
  const entries = new Map<string, TensorEntry>();
  for (const file of new Set(Object.values(map))) {
    const shard = path.join(dir, shardName(file, index));
    if (!existsSync(shard))
      throw new GgmaError('SHARD', `expected the shard '${String(file)}', got none`, { path: index });
    for (const [name, entry] of readTensorEntries(shard)) {
      if (map[name] !== file)
        throw new GgmaError('SHARD', `expected only tensors of weight_map, got '${name}' as well`, {
          path: shard,
        });
      entries.set(name, entry);
    }
  }
  for (const [name, file] of Object.entries(map)) {
    if (!entries.has(name))
      throw new GgmaError('SHARD', `expected '${name}' in '${String(file)}' as weight_map says, got none`, {
        path: index,
      });
  }
  return entries;
}

function readWeightMap(index: string): JsonObject {
  const map = parseJsonObject(readFileSync(index), index).weight_map;
  if (isObject(map) && Object.keys(map).length > 0) return map;
  throw new GgmaError('SHARD', 'expected weight_map to be an object with tensors', { path: index });
}

/** The names come from whoever wrote the file: a plain name in this folder, or nothing. @throws GgmaError PATH_ESCAPE */
function shardName(file: Json, index: string): string {
  const isPlain =
    typeof file === 'string' &&
    file === path.basename(file) &&
    file.endsWith('.safetensors') &&
    !/[\\/:\0]/.test(file);
  if (isPlain) return file;
  throw new GgmaError(
    'PATH_ESCAPE',
    `expected names of .safetensors files in the folder, got ${JSON.stringify(file)}`,
    { path: index },
  );
}
