/**
 * safetensors: u64 header length, JSON header, data without holes or overlaps. Read as strictly as the reference
 * reader; values come as float32.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { GgmaError } from '../errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../json.ts';

interface Entry {
  file: string;
  dtype: keyof typeof WIDTHS;
  shape: number[];
  /** Absolute byte range in the file. */
  begin: number;
  end: number;
}

const WIDTHS = { F32: 4, F16: 2, BF16: 2 };
const HEADER_LIMIT = 100e6;

/** The tensors of a Hugging Face directory, single file or sharded. */
export class Weights {
  private readonly entries = new Map<string, Entry>();
  private readonly dir: string;

  /** @throws GgmaError WEIGHTS_MISSING, SAFETENSORS_*, SHARD, PATH_ESCAPE */
  constructor(dir: string) {
    this.dir = dir;
    const single = path.join(dir, 'model.safetensors');
    const index = path.join(dir, 'model.safetensors.index.json');
    if (existsSync(single)) this.addFile(single);
    else if (existsSync(index)) this.addShards(index);
    else
      throw new GgmaError(
        'WEIGHTS_MISSING',
        'expected model.safetensors or model.safetensors.index.json, got neither',
        {
          path: dir,
        },
      );
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** The tensor as little-endian float32. @throws GgmaError WEIGHTS: name, want, got */
  float32(name: string, shape: readonly number[]): Uint8Array {
    const entry = this.entries.get(name);
    const wanted = `[${shape.join(', ')}]`;
    if (!entry)
      throw new GgmaError('WEIGHTS', `expected the tensor '${name}' ${wanted}, got none`, { path: this.dir });
    if (String(entry.shape) !== String(shape))
      throw new GgmaError('WEIGHTS', `expected ${wanted} for '${name}', got [${entry.shape.join(', ')}]`, {
        path: entry.file,
      });
    const fd = openSync(entry.file, 'r');
    try {
      return widen(readExactly(fd, entry.begin, entry.end - entry.begin, entry.file), entry.dtype);
    } finally {
      closeSync(fd);
    }
  }

  private addShards(index: string): void {
    const map = parseJsonObject(readFileSync(index), index).weight_map;
    if (!isObject(map)) throw new GgmaError('SHARD', 'expected weight_map to be an object', { path: index });
    for (const file of new Set(Object.values(map))) {
      // The names come from whoever wrote the file: a plain name in this folder, or nothing.
      if (
        typeof file !== 'string' ||
        file !== path.basename(file) ||
        !file.endsWith('.safetensors') ||
        /[\\:\0]/.test(file)
      )
        throw new GgmaError(
          'PATH_ESCAPE',
          `expected names of .safetensors files in the folder, got ${JSON.stringify(file)}`,
          {
            path: index,
          },
        );
      const shard = path.join(this.dir, file);
      if (!existsSync(shard))
        throw new GgmaError('SHARD', `expected the shard '${file}', got none`, { path: index });
      this.addFile(shard);
    }
    for (const [name, file] of Object.entries(map)) {
      if (this.entries.get(name)?.file !== path.join(this.dir, String(file)))
        throw new GgmaError(
          'SHARD',
          `expected '${name}' in '${String(file)}' as weight_map says, got none there`,
          {
            path: index,
          },
        );
    }
  }

  private addFile(file: string): void {
    const fd = openSync(file, 'r');
    try {
      for (const [name, entry] of readHeader(fd, file)) {
        if (this.entries.has(name))
          throw new GgmaError('SHARD', `expected '${name}' once, got it twice`, { path: file });
        this.entries.set(name, entry);
      }
    } finally {
      closeSync(fd);
    }
  }
}

function readHeader(fd: number, file: string): [string, Entry][] {
  const size = fstatSync(fd).size;
  const fail = (code: string, message: string): never => {
    throw new GgmaError(`SAFETENSORS_${code}`, message, { path: file });
  };
  if (size < 8) return fail('TRUNCATED', `expected at least 8 bytes, got ${size}`);
  const word = readExactly(fd, 0, 8, file);
  const length = Number(new DataView(word.buffer).getBigUint64(0, true));
  if (length > HEADER_LIMIT || length > size - 8)
    return fail(
      'HEADER',
      `expected a header of at most ${Math.min(HEADER_LIMIT, size - 8)} bytes, got ${length}`,
    );
  const header = parseJsonObject(readExactly(fd, 8, length, file), file);
  const start = 8 + length;
  const entries: [string, Entry][] = [];
  for (const [name, content] of Object.entries(header)) {
    if (name !== '__metadata__')
      entries.push([name, readEntry(name, content as JsonObject, file, start, fail)]);
  }
  let at = start;
  for (const [name, { begin, end }] of [...entries].sort(
    (a, b) => a[1].begin - b[1].begin || a[1].end - b[1].end,
  )) {
    if (begin !== at)
      fail('OFFSETS', `expected '${name}' to begin at data byte ${at - start}, got ${begin - start}`);
    at = end;
  }
  if (at !== size) fail('OFFSETS', `expected the last tensor to end at the file's byte ${size}, got ${at}`);
  return entries;
}

function readEntry(
  name: string,
  content: JsonObject,
  file: string,
  start: number,
  fail: (code: string, message: string) => never,
): Entry {
  const natural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  const { dtype, shape, data_offsets: offsets } = isObject(content) ? content : ({} as JsonObject);
  if (typeof dtype !== 'string' || !(dtype in WIDTHS))
    return fail(
      'DTYPE',
      `expected F32, F16 or BF16 for '${name}', got ${JSON.stringify(dtype) ?? 'nothing'}`,
    );
  if (!Array.isArray(shape) || !shape.every(natural))
    return fail('SHAPE', `expected a shape of whole numbers for '${name}'`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(natural))
    return fail('OFFSETS', `expected two whole numbers as data_offsets of '${name}'`);
  const [begin, end] = offsets as [number, number];
  const bytes = (shape as number[]).reduce((n, dim) => n * dim, 1) * WIDTHS[dtype as Entry['dtype']];
  if (end - begin !== bytes)
    return fail(
      'OFFSETS',
      `expected ${bytes} bytes for '${name}' ${dtype}[${shape.join(', ')}], got ${end - begin}`,
    );
  return {
    file,
    dtype: dtype as Entry['dtype'],
    shape: shape as number[],
    begin: start + begin,
    end: start + end,
  };
}

function readExactly(fd: number, offset: number, length: number, file: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const n = readSync(fd, bytes, at, length - at, offset + at);
    if (n === 0)
      throw new GgmaError('SAFETENSORS_TRUNCATED', `expected ${length} bytes at ${offset}, got ${at}`, {
        path: file,
      });
    at += n;
  }
  return bytes;
}

/** Exact: every f16 and bf16 value is a float32. */
function widen(bytes: Uint8Array<ArrayBuffer>, dtype: Entry['dtype']): Uint8Array {
  if (dtype === 'F32') return bytes;
  const halves = new Uint16Array(bytes.buffer);
  const words = new Uint32Array(halves.length);
  if (dtype === 'BF16') for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  else for (let i = 0; i < halves.length; i++) words[i] = widenHalf(halves[i]!);
  return new Uint8Array(words.buffer);
}

function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float: shift its leading one into the hidden bit.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
