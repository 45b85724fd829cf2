/** The part of the protocol buffers wire format that a SentencePiece model needs, every length checked. */
import { GgmaError } from '../errors.ts';

/**
 * Walks over one message's fields: `while (message.next()) switch (message.field) …`. One object per message
 * and none per field: a large vocabulary has a million fields.
 */
export class MessageReader {
  /** Number of the field that {@link next} came to. */
  field = 0;
  /** Wire types 0 (varint) and 5 (fixed 32): the value's low 32 bits, as an unsigned number. */
  low32 = 0;
  /** Where that value begins within all bytes. */
  offset = 0;
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #where: () => string;
  #at: number;
  #wireType = 0;
  /** Where a wire type 2 field's bytes begin; they end at `#at`. */
  #start = 0;

  /** @param where names the message in errors; called only for them */
  constructor(bytes: Uint8Array, where: () => string, start = 0, end = bytes.length) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
    this.#at = start;
    this.#end = end;
  }

  /** Goes on to the next field; false at the end. @throws GgmaError TOKENIZER where the bytes are no message */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.field === 0 || this.field > 0x1fffffff) this.#notMessage(`field number ${this.field}`);
    this.offset = this.#at;
    if (this.#wireType === 0) this.#varint();
    else if (this.#wireType === 1) this.low32 = this.#bytes.readUInt32LE(this.#take(8));
    else if (this.#wireType === 5) this.low32 = this.#bytes.readUInt32LE(this.#take(4));
    else if (this.#wireType === 2) this.#start = this.#take(this.#varint());
    else this.#notMessage(`wire type ${this.#wireType}`);
    return true;
  }

  /** The current field as a `float`. */
  float32(): number {
    scratch.setUint32(0, this.low32);
    return scratch.getFloat32(0);
  }

  /** The current field as a `string`. @throws GgmaError TOKENIZER when it is not UTF-8 */
  string(): string {
    this.#expectBytes();
    const text = this.#bytes.toString('utf8', this.#start, this.#at);
    // A wrong byte is read as U+FFFD. The text may hold that character itself, so the strict decoder decides.
    return text.includes('\ufffd') ? this.#strictString() : text;
  }

  /** The current field as a message. @throws GgmaError TOKENIZER when it is none */
  message(where: () => string): MessageReader {
    this.#expectBytes();
    return new MessageReader(this.#bytes, where, this.#start, this.#at);
  }

  /** Length of the current field's bytes. */
  byteLength(): number {
    this.#expectBytes();
    return this.#at - this.#start;
  }

  fail(message: string, cause?: unknown): never {
    throw new GgmaError('TOKENIZER', message, { path: this.#where(), cause });
  }

  #strictString(): string {
    try {
      return strictUtf8.decode(this.#bytes.subarray(this.#start, this.#at));
    } catch (cause) {
      return this.fail(`expected UTF-8 for field ${this.field}, got other bytes`, cause);
    }
  }

  #expectBytes(): void {
    if (this.#wireType !== 2)
      this.fail(`expected bytes for field ${this.field}, got wire type ${this.#wireType}`);
  }

  /** The number, exact below 2^53; `low32` has its low 32 bits always (negative numbers take all 64). */
  #varint(): number {
    let value = 0;
    let low32 = 0;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) return this.#notMessage('the end of the bytes inside a number');
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (i < 5) low32 |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        this.low32 = low32 >>> 0;
        return value;
      }
    }
    return this.#notMessage('a number longer than 10 bytes');
  }

  /** Passes over `length` bytes and returns where they begin. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start)
      this.#notMessage(`a field of ${length} bytes where ${this.#end - start} are left`);
    this.#at = start + length;
    return start;
  }

  #notMessage(problem: string): never {
    return this.fail(`expected a protocol buffers message, got ${problem} at byte ${this.#at}`);
  }
}

const scratch = new DataView(new ArrayBuffer(4));
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
