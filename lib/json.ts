/**
 * Strict JSON for configuration files: an error has line and column, and what JSON.parse accepts silently (a key given
 * twice, `__proto__`) is refused. Objects have no prototype, so that a look-up finds only keys that the file has.
 */
import { GgmaError } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

const MAX_DEPTH = 64;
const tokens = {
  space: /[ \t\n\r]*/y,
  /** Which escapes and characters are allowed is left to JSON.parse. */
  string: /"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y,
  number: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  word: /true|false|null/y,
};

/** @throws GgmaError CONFIG with line and column (in characters, both from 1) */
export function parseJson(bytes: Uint8Array, where: string): Json {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new GgmaError('CONFIG', 'expected JSON in UTF-8, got other bytes', { path: where, cause });
  }
  return new Reader(text, where).document();
}

/** {@link parseJson} for a file that has to hold an object. */
export function parseJsonObject(bytes: Uint8Array, where: string): JsonObject {
  const value = parseJson(bytes, where);
  if (isObject(value)) return value;
  const kind = Array.isArray(value) ? 'an array' : String(value);
  throw new GgmaError('CONFIG', `expected a JSON object, got ${kind} at line 1, column 1`, { path: where });
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class Reader {
  readonly #text: string;
  readonly #where: string;
  #at = 0;
  #depth = 0;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
  }

  document(): Json {
    if (this.#text.startsWith('\ufeff')) this.#fail('JSON without a byte order mark', 'U+FEFF');
    const value = this.#value();
    this.#match(tokens.space);
    if (this.#at < this.#text.length) this.#fail('the end of the file');
    return value;
  }

  #value(): Json {
    this.#match(tokens.space);
    if (this.#take('{')) return this.#nested(() => this.#object());
    if (this.#take('[')) return this.#nested(() => this.#array());
    const string = this.#string();
    if (string !== null) return string;
    const literal = this.#match(tokens.number) ?? this.#match(tokens.word);
    if (literal !== null) return JSON.parse(literal) as number | boolean | null;
    return this.#fail('a JSON value');
  }

  #string(): string | null {
    const start = this.#at;
    const quoted = this.#match(tokens.string);
    if (quoted === null) return null;
    try {
      return JSON.parse(quoted) as string;
    } catch {
      this.#at = start;
      return this.#fail('a JSON string', 'one with a wrong escape or a control character');
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels of nesting`, 'one more');
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object: JsonObject = Object.create(null) as JsonObject;
    if (this.#ends('}')) return object;
    do {
      this.#match(tokens.space);
      const start = this.#at;
      const key = this.#string() ?? this.#fail('a key in double quotes');
      if (key === '__proto__' || Object.hasOwn(object, key)) {
        this.#at = start;
        if (key === '__proto__') this.#fail('an ordinary key', '"__proto__"');
        this.#fail('a new key', `${JSON.stringify(key)} again`);
      }
      this.#match(tokens.space);
      if (!this.#take(':')) this.#fail('":"');
      object[key] = this.#value();
    } while (this.#comma('}'));
    return object;
  }

  #array(): Json[] {
    const array: Json[] = [];
    if (this.#ends(']')) return array;
    do array.push(this.#value());
    while (this.#comma(']'));
    return array;
  }

  #ends(bracket: string): boolean {
    this.#match(tokens.space);
    return this.#take(bracket);
  }

  /** True after a comma, false after the closing bracket. */
  #comma(bracket: string): boolean {
    if (this.#ends(bracket)) return false;
    return this.#take(',') || this.#fail(`"," or "${bracket}"`);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #match(token: RegExp): string | null {
    token.lastIndex = this.#at;
    const match = token.exec(this.#text);
    if (match === null) return null;
    this.#at = token.lastIndex;
    return match[0];
  }

  #fail(expected: string, got = this.#found()): never {
    const before = this.#text.slice(0, this.#at).split('\n');
    const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
    throw new GgmaError('CONFIG', `expected ${expected}, got ${got} at ${place}`, { path: this.#where });
  }

  #found(): string {
    const rest = this.#text.slice(this.#at);
    if (rest === '') return 'the end of the file';
    const word = /^[\w.+-]{1,20}/.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0)!);
    return JSON.stringify(word);
  }
}
