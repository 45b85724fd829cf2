/**
 * The part of a tokenizer.json before its vocabulary. Of a large vocabulary the file has tens of megabytes, which take
 * half a second to parse, and where tokenizer.model encodes, only the small part before them is needed.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { isObject, type Plain } from './plain.ts';

const CHUNK = 65_536;
/** Beyond this, reading the whole file is as good. */
const MAX_HEAD = 16_000_000;

/** What is needed of the head; where one of them comes behind the vocabulary, the head is not enough. */
const neededKeys = ['added_tokens', 'normalizer', 'pre_tokenizer', 'post_processor'];

/** @returns the members before "model"; null where the file has to be read whole @throws a system error */
export async function readJsonHead(path: string): Promise<Plain | null> {
  const file = await open(path);
  try {
    return await readHead(file);
  } finally {
    await file.close();
  }
}

async function readHead(file: FileHandle): Promise<Plain | null> {
  const scanner = new KeyScanner('model');
  const chunks: Buffer[] = [];
  for (let length = 0; length < MAX_HEAD; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, length);
    if (bytesRead === 0) return null;
    const chunk = buffer.subarray(0, bytesRead);
    const end = scanner.scan(chunk);
    chunks.push(chunk);
    if (end !== null) return parseHead(Buffer.concat(chunks).toString('utf8', 0, length + end));
    length += bytesRead;
  }
  return null;
}

/** @param text up to the key, so it ends with a comma unless the key is the first one */
function parseHead(text: string): Plain | null {
  let head: unknown;
  try {
    head = JSON.parse(`${text.trimEnd().replace(/,$/, '')}}`);
  } catch {
    // The whole file is read then, and says what is wrong with it.
    return null;
  }
  return isObject(head) && neededKeys.every((key) => Object.hasOwn(head, key)) ? head : null;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Looks for a key of the outermost object, in bytes that come in chunks. */
class KeyScanner {
  readonly #key: Buffer;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** A string that begins now is a key of the outermost object. */
  #expectsKey = false;
  /** Bytes of that key which are as they should be; −1 once one is not, and in other strings. */
  #matched = -1;
  #length = 0;
  #keyStart = 0;

  constructor(key: string) {
    this.#key = Buffer.from(key);
  }

  /** @returns where within the chunk the key begins (perhaps before it, as a negative number); null: not yet */
  scan(chunk: Uint8Array): number | null {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (!this.#inString) this.#outside(byte, this.#length + i);
      else if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) {
        this.#escaped = true;
        this.#matched = -1;
      } else if (byte === QUOTE) {
        this.#inString = false;
        if (this.#matched === this.#key.length) return this.#keyStart - this.#length;
      } else if (this.#matched >= 0)
        this.#matched = byte === this.#key[this.#matched] ? this.#matched + 1 : -1;
    }
    this.#length += chunk.length;
    return null;
  }

  #outside(byte: number, at: number): void {
    if (byte === QUOTE) {
      this.#inString = true;
      this.#matched = this.#expectsKey ? 0 : -1;
      this.#keyStart = at;
      this.#expectsKey = false;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#depth++;
      this.#expectsKey = this.#depth === 1 && byte === OPEN_BRACE;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth--;
    else if (byte === COMMA) this.#expectsKey = this.#depth === 1;
  }
}
