/**
 * Reads the head of a GGUF file: the head's size is nowhere stated, so the file is read from its start in ranges that
 * grow, as far as the values reach. Every length is compared with what is left of the file before anything of that
 * size is made.
 */
import type { ErrorCode } from '../../error-codes.ts';
import { GgmaError } from '../../errors.ts';
import { CheckpointFile } from '../file.ts';

const FIRST_RANGE = 2 ** 20;
/** Far above any vocabulary. A head that claims more is damaged, and must not fill the memory. */
const HEAD_LIMIT = 2 ** 28;

export class GgufCursor {
  readonly file: CheckpointFile;
  /** Where the next value begins. */
  at = 0;
  #bytes: Buffer = Buffer.alloc(0);

  /** @throws GgmaError GGUF_READ */
  constructor(path: string) {
    this.file = new CheckpointFile(path, { read: 'GGUF_READ', truncated: 'GGUF_TRUNCATED' });
    this.#bytes = this.#grown(Math.min(FIRST_RANGE, this.file.size));
  }

  fail(code: ErrorCode, message: string): never {
    throw new GgmaError(code, message, { path: this.file.path });
  }

  u8(what: string): number {
    return this.take(1, what).readUInt8();
  }

  u32(what: string): number {
    return this.take(4, what).readUInt32LE();
  }

  /** A u64 that counts something in the file. @throws GgmaError GGUF_HEADER above 2^53 */
  count(what: string): number {
    const number = this.take(8, what).readBigUInt64LE();
    if (number > Number.MAX_SAFE_INTEGER)
      return this.fail('GGUF_HEADER', `expected less than 2^53 for ${what}, got ${number}`);
    return Number(number);
  }

  /** A count, then so many bytes of UTF-8. */
  string(what: string): string {
    return this.take(this.count(`the length of ${what}`), what).toString('utf8');
  }

  /** The next `length` bytes: a view, valid for as long as the caller likes. @throws GgmaError GGUF_TRUNCATED, GGUF_HEADER */
  take(length: number, what: string): Buffer {
    const begin = this.at;
    this.#need(length, what);
    this.at += length;
    return this.#bytes.subarray(begin, this.at);
  }

  /** Many strings: where each begins and ends, without making them. */
  strings(count: number, what: string): GgufStrings {
    this.expectRoom(count, LENGTH_BYTES, what);
    const begin = this.at;
    const ends = new Uint32Array(count);
    let at = begin;
    let bytes = this.#bytes;
    for (let i = 0; i < count; i++) {
      // As `string`, without calls, a view and a BigInt for each of hundreds of thousands.
      if (at + LENGTH_BYTES > bytes.byteLength) bytes = this.#reach(at, LENGTH_BYTES, what);
      const low = bytes[at]! + bytes[at + 1]! * 2 ** 8 + bytes[at + 2]! * 2 ** 16 + bytes[at + 3]! * 2 ** 24;
      const high = bytes[at + 4]! | bytes[at + 5]! | bytes[at + 6]! | bytes[at + 7]!;
      const length = high === 0 ? low : Number(bytes.readBigUInt64LE(at));
      at += LENGTH_BYTES;
      if (at + length > bytes.byteLength) bytes = this.#reach(at, length, what);
      at += length;
      ends[i] = at - begin;
    }
    this.at = at;
    return new GgufStrings(bytes.subarray(begin, at), ends);
  }

  #reach(at: number, length: number, what: string): Buffer {
    this.at = at;
    this.#need(length, what);
    return this.#bytes;
  }

  /** Refuses a count of things of at least `size` bytes each that the rest of the file cannot hold. */
  expectRoom(count: number, size: number, what: string): void {
    const rest = Math.min(this.file.size, HEAD_LIMIT) - this.at;
    if (count * size > rest)
      this.fail(
        'GGUF_TRUNCATED',
        `expected ${count} of ${what} at byte ${this.at}, got ${rest} bytes for them`,
      );
  }

  #need(length: number, what: string): void {
    const end = this.at + length;
    if (end <= this.#bytes.byteLength) return;
    const { size } = this.file;
    if (end > size)
      this.fail(
        'GGUF_TRUNCATED',
        `expected ${length} bytes for ${what} at byte ${this.at}, got a file of ${size} bytes`,
      );
    if (end > HEAD_LIMIT)
      this.fail('GGUF_HEADER', `expected at most ${HEAD_LIMIT} bytes of metadata, got more at ${what}`);
    this.#bytes = this.#grown(Math.min(size, HEAD_LIMIT, Math.max(end, 4 * this.#bytes.byteLength)));
  }

  /** The first `length` bytes of the file, of which those that are known are not read again. */
  #grown(length: number): Buffer {
    const known = this.#bytes.byteLength;
    const bytes = Buffer.allocUnsafeSlow(length);
    bytes.set(this.#bytes);
    this.file.copyTo(bytes.subarray(known), known);
    return bytes;
  }
}

/** A string's length stands in front of it. */
const LENGTH_BYTES = 8;
const SEPARATOR = '\0'.repeat(LENGTH_BYTES);

/** An array of strings, made when they are asked for. */
export class GgufStrings {
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;
  #strings: readonly string[] | null = null;

  /** @param ends where each string ends in `bytes` */
  constructor(bytes: Buffer, ends: Uint32Array) {
    this.#bytes = bytes;
    this.#ends = ends;
  }

  get length(): number {
    return this.#ends.length;
  }

  get all(): readonly string[] {
    this.#strings ??= this.#together() ?? this.#each();
    return this.#strings;
  }

  /**
   * All of them decoded as one text, with zeros for the lengths, and split there: several times faster than to decode a
   * quarter of a million one by one. null where a string has a zero of its own.
   */
  #together(): readonly string[] | null {
    const { length } = this;
    if (length === 0) return [];
    const bytes = Buffer.from(this.#bytes);
    for (let i = 0, begin = 0; i < length; begin = this.#ends[i++]!) {
      for (let at = begin; at < begin + LENGTH_BYTES; at++) bytes[at] = 0;
    }
    let zeros = 0;
    for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0) zeros++;
    if (zeros !== length * LENGTH_BYTES) return null;
    return bytes.toString('utf8').split(SEPARATOR).slice(1);
  }

  #each(): readonly string[] {
    return Array.from(this.#ends, (end, i) => {
      const begin = i === 0 ? 0 : this.#ends[i - 1]!;
      return this.#bytes.toString('utf8', begin + LENGTH_BYTES, end);
    });
  }
}
