/**
 * Reads the head of a GGUF file: the head's size is nowhere stated, so the file is read from its start in ranges that
 * double, as far as the values reach. Every length is compared with what is left of the file before anything of that
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
  #bytes: Buffer;

  /** @throws GgmaError GGUF_READ */
  constructor(path: string) {
    this.file = new CheckpointFile(path, { read: 'GGUF_READ', truncated: 'GGUF_TRUNCATED' });
    this.#bytes = this.#read(Math.min(FIRST_RANGE, this.file.size));
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
    this.expectRoom(count, 8, what);
    const begin = this.at;
    const ends = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      // As `string`, without a view and a BigInt for each of hundreds of thousands.
      this.#need(8, what);
      const low = this.#bytes.readUInt32LE(this.at);
      const high = this.#bytes.readUInt32LE(this.at + 4);
      this.at += 8;
      const length = low + high * 2 ** 32;
      this.#need(length, what);
      this.at += length;
      ends[i] = this.at - begin;
    }
    return new GgufStrings(this.#bytes.subarray(begin, this.at), ends);
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
    this.#bytes = this.#read(Math.min(size, HEAD_LIMIT, Math.max(end, 2 * this.#bytes.byteLength)));
  }

  #read(length: number): Buffer {
    const { buffer } = this.file.read(0, length);
    return Buffer.from(buffer);
  }
}

/** An array of strings, made when they are asked for: half a million merges take a tenth of a second. */
export class GgufStrings {
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;
  #strings: string[] | null = null;

  /** @param ends where each string ends in `bytes`; a length of 8 bytes stands in front of each */
  constructor(bytes: Buffer, ends: Uint32Array) {
    this.#bytes = bytes;
    this.#ends = ends;
  }

  get length(): number {
    return this.#ends.length;
  }

  get all(): readonly string[] {
    this.#strings ??= Array.from(this.#ends, (end, i) => {
      const begin = i === 0 ? 0 : this.#ends[i - 1]!;
      return this.#bytes.toString('utf8', begin + 8, end);
    });
    return this.#strings;
  }
}
