/** Words of the graph language (lib/circle/print), one logical line at a time. */

export type Kind = 'name' | 'string' | 'number' | 'hex' | 'hash' | 'tensor' | 'version' | 'mark' | 'end';

export interface Word {
  kind: Kind;
  text: string;
}

const RULES: readonly [Kind, RegExp][] = [
  ['string', /"(?:[^"\\]|\\.)*"/y],
  ['hash', /sha256:([0-9a-f]+)/y],
  ['hex', /0x[0-9a-f]*/y],
  ['number', /-?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|inf\b)/y],
  ['name', /[\p{L}_](?:[\p{L}\p{N}_./%$~-]|:(?=[\p{L}\p{N}_:]))*/uy],
  ['tensor', /@\d+/y],
  ['version', /\.v\d+/y],
  ['mark', /->|[()[\]{}=,:?-]/y],
];

/** Logical lines: a line ends at a line break outside of brackets. */
export function scan(text: string): { words: Word[]; line: number }[] {
  const lines: { words: Word[]; line: number }[] = [];
  let words: Word[] = [];
  let [at, line, start, depth] = [0, 1, 1, 0];
  const end = () => {
    if (words.length > 0) lines.push({ words, line: start });
    words = [];
  };
  while (at < text.length) {
    const space = /[ \t\r]+|#[^\n]*/y;
    space.lastIndex = at;
    const skipped = space.exec(text)?.[0].length ?? 0;
    at += skipped;
    if (skipped > 0) continue;
    if (text[at] === '\n') {
      if (depth === 0) end();
      at++;
      line++;
      continue;
    }
    if (words.length === 0) start = line;
    const word = wordAt(text, at);
    if (!word) throw new Error(`line ${line}: cannot read '${text.slice(at, at + 20)}'`);
    if (word.kind === 'mark') depth += '([{'.includes(word.text) ? 1 : ')]}'.includes(word.text) ? -1 : 0;
    words.push(word);
    at += word.text.length;
  }
  end();
  return lines;
}

function wordAt(text: string, at: number): Word | undefined {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const found = rule.exec(text)?.[0];
    if (found !== undefined) return { kind, text: found };
  }
  return undefined;
}

const END: Word = { kind: 'end', text: 'the end of the line' };

/** A place in a line. */
export class Words {
  private at = 0;
  private readonly words: readonly Word[];

  constructor(words: readonly Word[]) {
    this.words = words;
  }

  peek(ahead = 0): Word {
    return this.words[this.at + ahead] ?? END;
  }
  next(): Word {
    const word = this.peek();
    this.at++;
    return word;
  }
  /** Whether the next word is that mark, and takes it. */
  take(mark: string): boolean {
    const isThere = this.is(mark);
    if (isThere) this.at++;
    return isThere;
  }
  is(mark: string, ahead = 0): boolean {
    const { kind, text } = this.peek(ahead);
    return text === mark && (kind === 'mark' || kind === 'name');
  }
  expect(mark: string): void {
    if (!this.take(mark)) throw new Error(`expected '${mark}', got '${this.peek().text}'`);
  }
  get isAtEnd(): boolean {
    return this.peek() === END;
  }
  /** A bare or quoted name. */
  name(): string {
    const { kind, text } = this.next();
    if (kind === 'name') return text;
    if (kind === 'string') return JSON.parse(text) as string;
    throw new Error(`expected a name, got '${text}'`);
  }
  /** `A, B, …` between two marks. */
  list<T>(open: string, close: string, item: () => T): T[] {
    this.expect(open);
    const items: T[] = [];
    while (!this.take(close)) {
      if (items.length > 0) this.expect(',');
      items.push(item());
    }
    return items;
  }
}
