/**
 * `[get_weather(city="Paris"), …]`: a list of calls with keyword arguments in Python's spelling, as LFM2 and Llama
 * write them. The grammar is that of transformers' `python-call-list`, which is strict so that all readers agree.
 */

const SPACE = /[ \t\n\r]*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*(?:[-.][A-Za-z0-9_]+)*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const STRING = /'((?:[^'\\\n\r]|\\.)*)'|"((?:[^"\\\n\r]|\\.)*)"/sy;
const UNICODE = /u([0-9a-fA-F]{4})/y;
const MAX_DEPTH = 100;

const escapes: Readonly<Record<string, string>> = {
  ...{ '\\': '\\', "'": "'", '"': '"', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' },
};
const constants: ReadonlyMap<string, boolean | null> = new Map([
  ...(['True', 'true'] as const).map((name) => [name, true] as const),
  ...(['False', 'false'] as const).map((name) => [name, false] as const),
  ...(['None', 'null'] as const).map((name) => [name, null] as const),
]);

interface Call {
  name: string;
  arguments: Record<string, unknown>;
}

/** @throws Error with the position of what does not belong there */
export function parseCallList(text: string): Call[] {
  return new CallListReader(text).calls();
}

class CallListReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  calls(): Call[] {
    this.#expect('[');
    const calls = this.#items(']', () => this.#call());
    this.#match(SPACE);
    if (this.#at !== this.#text.length) this.#fail("unexpected content after the closing ']'");
    return calls;
  }

  #call(): Call {
    const name = this.#name('a function name');
    this.#expect('(');
    return { name, arguments: this.#unique(this.#items(')', () => this.#argument())) };
  }

  #argument(): [string, unknown] {
    const name = this.#name('a keyword argument');
    this.#expect('=');
    return [name, this.#value(0)];
  }

  /** @param depth lists and dicts around the value */
  #value(depth: number): unknown {
    if (this.#isAt("'") || this.#isAt('"')) return this.#string();
    for (const open of ['[', '{'] as const) {
      if (!this.#isAt(open)) continue;
      if (depth >= MAX_DEPTH) this.#fail(`lists and dicts nested more than ${MAX_DEPTH} levels deep`);
      this.#at++;
      if (open === '[') return this.#items(']', () => this.#value(depth + 1));
      return this.#unique(this.#items('}', () => this.#pair(depth + 1)));
    }
    const number = this.#match(NUMBER);
    if (number !== null) {
      const value = Number(number[0]);
      const isInteger = number[1] === undefined && number[2] === undefined;
      if (isInteger && !Number.isSafeInteger(value)) this.#fail('an integer beyond 2^53 - 1');
      if (!Number.isFinite(value)) this.#fail('a number that is too large');
      return value;
    }
    const before = this.#at;
    const word = this.#match(NAME)?.[0];
    const constant = word === undefined ? undefined : constants.get(word);
    if (constant !== undefined) return constant;
    this.#at = before;
    return this.#fail('expected a string, number, list, dict, True, False or None');
  }

  #pair(depth: number): [string, unknown] {
    if (!this.#isAt("'") && !this.#isAt('"')) this.#fail('expected a string as key of a dict');
    const key = this.#string();
    this.#expect(':');
    return [key, this.#value(depth)];
  }

  #string(): string {
    const match = this.#match(STRING) ?? this.#fail('expected a string that ends');
    const body = match[1] ?? match[2] ?? '';
    const text = body.replaceAll(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, sign: string) => {
      UNICODE.lastIndex = 0;
      const unicode = UNICODE.exec(sign);
      if (unicode !== null) return String.fromCharCode(Number.parseInt(unicode[1]!, 16));
      return Object.hasOwn(escapes, sign) ? escapes[sign]! : this.#fail(`unsupported escape '\\${sign}'`);
    });
    if (/\p{Surrogate}/u.test(text)) this.#fail('a lone surrogate in a string');
    return text;
  }

  #items<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.#isAt(close)) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(item());
      if (this.#isAt(close)) {
        this.#at++;
        return items;
      }
      this.#expect(',');
    }
  }

  #unique(pairs: [string, unknown][]): Record<string, unknown> {
    const names = new Set<string>();
    for (const [name] of pairs) {
      if (names.has(name)) this.#fail(`repeated name '${name}'`);
      names.add(name);
    }
    return Object.fromEntries(pairs);
  }

  #name(what: string): string {
    this.#match(SPACE);
    return this.#match(NAME)?.[0] ?? this.#fail(`expected ${what}`);
  }

  #isAt(char: string): boolean {
    this.#match(SPACE);
    return this.#text.startsWith(char, this.#at);
  }

  #expect(char: string): void {
    if (!this.#isAt(char)) this.#fail(`expected '${char}'`);
    this.#at++;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #fail(message: string): never {
    throw new Error(`${message} at position ${this.#at} of ${JSON.stringify(this.#text)}`);
  }
}
