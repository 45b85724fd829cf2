/** The key-value pairs of a GGUF file: read whatever they are, and asked for by name and type. */
import type { Elements } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import { type GgufCursor, GgufStrings } from './cursor.ts';

/** Numbers of 64 bits that are above 2^53 stay bigint. */
export type GgufValue = number | bigint | boolean | string | GgufStrings | GgufNumbers;

/** An array of numbers; flags are 0 and 1. */
export type GgufNumbers = Elements;

const STRING = 8;
const ARRAY = 9;
const BOOL = 7;

/** A type of a fixed size: its bytes, and how one is read. */
interface Scalar {
  bytes: number;
  read: (bytes: Buffer, at: number) => number | bigint | boolean;
}

const exact = (number: bigint): number | bigint =>
  number <= Number.MAX_SAFE_INTEGER && number >= Number.MIN_SAFE_INTEGER ? Number(number) : number;

/** The decimal number that somebody wrote before it was rounded to float32: config.json has 1e-5, a float 9.9999997e-6. */
function shortest(float: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const number = Number(float.toPrecision(digits));
    if (Math.fround(number) === float) return number;
  }
  return float;
}

const SCALARS: ReadonlyMap<number, Scalar> = new Map<number, Scalar>([
  [0, { bytes: 1, read: (bytes, at) => bytes.readUInt8(at) }],
  [1, { bytes: 1, read: (bytes, at) => bytes.readInt8(at) }],
  [2, { bytes: 2, read: (bytes, at) => bytes.readUInt16LE(at) }],
  [3, { bytes: 2, read: (bytes, at) => bytes.readInt16LE(at) }],
  [4, { bytes: 4, read: (bytes, at) => bytes.readUInt32LE(at) }],
  [5, { bytes: 4, read: (bytes, at) => bytes.readInt32LE(at) }],
  [6, { bytes: 4, read: (bytes, at) => shortest(bytes.readFloatLE(at)) }],
  [BOOL, { bytes: 1, read: (bytes, at) => bytes.readUInt8(at) !== 0 }],
  [10, { bytes: 8, read: (bytes, at) => exact(bytes.readBigUInt64LE(at)) }],
  [11, { bytes: 8, read: (bytes, at) => exact(bytes.readBigInt64LE(at)) }],
  [12, { bytes: 8, read: (bytes, at) => bytes.readDoubleLE(at) }],
]);

/** Arrays are as long as vocabularies: they are kept as they lie in the file. */
const ARRAYS: ReadonlyMap<number, new (buffer: ArrayBuffer) => GgufNumbers> = new Map<
  number,
  new (
    buffer: ArrayBuffer,
  ) => GgufNumbers
>([
  [0, Uint8Array],
  [1, Int8Array],
  [2, Uint16Array],
  [3, Int16Array],
  [4, Uint32Array],
  [5, Int32Array],
  [6, Float32Array],
  [BOOL, Uint8Array],
  [10, BigUint64Array],
  [11, BigInt64Array],
  [12, Float64Array],
]);

/** @throws GgmaError GGUF_METADATA for types that there are not, keys given twice; GGUF_TRUNCATED, GGUF_HEADER */
export function readMetadata(cursor: GgufCursor, count: number): Metadata {
  const values = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string(`key ${i} of the metadata`);
    const shown = JSON.stringify(key.slice(0, 100));
    if (values.has(key)) cursor.fail('GGUF_METADATA', `expected each key once, got ${shown} again`);
    values.set(key, readValue(cursor, cursor.u32(`the type of ${shown}`), shown));
  }
  return new Metadata(values, cursor.file.path);
}

function readValue(cursor: GgufCursor, type: number, shown: string): GgufValue {
  if (type === STRING) return cursor.string(shown);
  if (type === ARRAY) return readArray(cursor, shown);
  const scalar = scalarOf(cursor, type, shown);
  return scalar.read(cursor.take(scalar.bytes, shown), 0);
}

function readArray(cursor: GgufCursor, shown: string): GgufValue {
  const type = cursor.u32(`the type of the elements of ${shown}`);
  const count = cursor.count(`the length of ${shown}`);
  if (type === STRING) return cursor.strings(count, shown);
  const scalar = scalarOf(cursor, type, shown);
  const bytes = cursor.take(count * scalar.bytes, shown);
  // A copy, because the values may lie at any byte.
  return new (ARRAYS.get(type)!)(new Uint8Array(bytes).buffer);
}

function scalarOf(cursor: GgufCursor, type: number, shown: string): Scalar {
  const scalar = SCALARS.get(type);
  if (scalar) return scalar;
  const what = type === ARRAY ? 'an array of arrays' : `type ${type}`;
  return cursor.fail('GGUF_METADATA', `expected a value of type 0 to 12 for ${shown}, got ${what}`);
}

export class Metadata {
  readonly path: string;
  readonly #values: ReadonlyMap<string, GgufValue>;

  constructor(values: ReadonlyMap<string, GgufValue>, path: string) {
    this.#values = values;
    this.path = path;
  }

  get keys(): string[] {
    return [...this.#values.keys()];
  }

  get(key: string): GgufValue | undefined {
    return this.#values.get(key);
  }

  /** @throws GgmaError GGUF_METADATA for a value of another type */
  text(key: string): string | null {
    return this.#as(key, 'a text', (value) => (typeof value === 'string' ? value : undefined));
  }

  flag(key: string): boolean | null {
    return this.#as(key, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  number(key: string): number | null {
    return this.#as(key, 'a finite number', (value) =>
      typeof value === 'number' && Number.isFinite(value) ? value : undefined,
    );
  }

  /** A whole number from 0 to 2^31 − 1. */
  integer(key: string): number | null {
    return this.#as(key, 'a whole number below 2^31', (value) => (isInteger(value) ? value : undefined));
  }

  strings(key: string): GgufStrings | null {
    return this.#as(key, 'a list of texts', (value) => (value instanceof GgufStrings ? value : undefined));
  }

  numbers(key: string): Float64Array | null {
    return this.#as(key, 'a list of numbers', (value) =>
      typeof value === 'object' && !(value instanceof GgufStrings)
        ? Float64Array.from(value, Number)
        : undefined,
    );
  }

  /** A whole number, or a list of one for each layer that are all the same. */
  same(key: string): number | null {
    return this.#as(key, 'a whole number below 2^31, the same for each layer', (value) => {
      if (typeof value !== 'object' || value instanceof GgufStrings)
        return isInteger(value) ? value : undefined;
      const [first, ...others] = value;
      return isInteger(first) && others.every((other) => other === first) ? first : undefined;
    });
  }

  fail(key: string, expected: string): never {
    const value = this.#values.get(key);
    throw new GgmaError('GGUF_METADATA', `expected ${expected} for ${key}, got ${show(value)}`, {
      path: this.path,
    });
  }

  /** What `read` makes of a value; null where there is none. */
  #as<T>(key: string, expected: string, read: (value: GgufValue) => T | undefined): T | null {
    const value = this.#values.get(key);
    return value === undefined ? null : (read(value) ?? this.fail(key, expected));
  }
}

function isInteger(value: GgufValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}

function show(value: GgufValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object') return `a list of ${value.length}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
