/**
 * Python patterns of response templates as JavaScript ones, and beside each a pattern for what may still become a
 * match. While an answer streams in, a delimiter may be there in part: `<tool_c` must be held back, because the next
 * characters decide whether it is text. The second pattern has `(?:x|$)` for every part x of the first, so it also
 * matches a beginning that goes up to the end of the text.
 */

export interface StreamPattern {
  /** Finds whole matches; flags d (places of groups are not used), g, s, u. */
  complete: RegExp;
  /** Finds whole matches, and beginnings of one that reach the end of the text. */
  partial: RegExp;
  groupNames: readonly string[];
}

/** Anything, and the end of the text: JavaScript's `$` is only that without the flag m. */
const PYTHON_END = '(?=\\n?(?![\\s\\S]))';
const SYNTAX = new Set('^$\\.*+?()[]{}|/');

/** @throws Error for what JavaScript cannot say: flags inside a pattern, conditions, references to groups */
export function streamPattern(source: string): StreamPattern {
  const translator = new Translator(source);
  const { complete, partial } = translator.all();
  return {
    complete: new RegExp(complete, 'gsu'),
    partial: new RegExp(partial, 'gsu'),
    groupNames: translator.groupNames,
  };
}

/** A pattern that matches the texts themselves, a longer one before a shorter one that it begins with. */
export function literalPattern(texts: readonly string[]): StreamPattern {
  const ordered = texts.toSorted((a, b) => b.length - a.length);
  return streamPattern(ordered.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'));
}

interface Both {
  complete: string;
  partial: string;
}

class Translator {
  readonly groupNames: string[] = [];
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  all(): Both {
    const both = this.#alternatives();
    if (this.#at < this.#source.length) this.#fail("an unopened ')'");
    return both;
  }

  #alternatives(): Both {
    const both = { complete: '', partial: '' };
    while (this.#at < this.#source.length && this.#source[this.#at] !== ')') {
      if (this.#take('|')) {
        both.complete += '|';
        both.partial += '|';
        continue;
      }
      const atom = this.#atom();
      const quantifier = this.#quantifier();
      both.complete += atom.complete + quantifier;
      both.partial += atom.partial + quantifier;
    }
    return both;
  }

  #atom(): Both {
    const char = String.fromCodePoint(this.#source.codePointAt(this.#at)!);
    if (char === '(') return this.#group();
    if (char === '[') return mayEnd(this.#class());
    if (char === '\\') return this.#escape();
    this.#at += char.length;
    if (char === '^') return zeroWidth('(?<![\\s\\S])');
    if (char === '$') return zeroWidth(PYTHON_END);
    if ('*+?{'.includes(char)) this.#fail(`nothing to repeat before '${char}'`);
    return mayEnd(']}'.includes(char) ? `\\${char}` : char);
  }

  #group(): Both {
    const rest = this.#source.slice(this.#at);
    const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
    const opening = named?.[0] ?? /^\((?:\?(?::|=|!|<=|<!))?/.exec(rest)![0];
    this.#at += opening.length;
    if (named === null && opening === '(' && rest[1] === '?') this.#fail(`'${rest.slice(0, 4)}'`);
    if (named !== null) this.groupNames.push(named[1]!);
    const { complete, partial } = this.#alternatives();
    if (!this.#take(')')) this.#fail("a '(' that is not closed");
    const whole = `${named === null ? opening : `(?<${named[1]}>`}${complete})`;
    // What a lookahead wants may be cut off too: its beginning is looked for as if it were part of the match.
    if (opening === '(?=') return { complete: whole, partial: `(?:(?:${partial})|$)` };
    return /[=!]$/.test(opening) ? zeroWidth(whole) : { complete: whole, partial: `(?:(?:${partial})|$)` };
  }

  /** Behind a backslash. */
  #escape(): Both {
    const char = this.#source[this.#at + 1];
    if (char === undefined) return this.#fail('a backslash at the end');
    const code = /^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/.exec(this.#source.slice(this.#at))?.[0];
    this.#at += code?.length ?? 2;
    if (code !== undefined) return mayEnd(code);
    if (char === 'A') return zeroWidth('(?<![\\s\\S])');
    if (char === 'Z') return zeroWidth('(?![\\s\\S])');
    if (char === 'b' || char === 'B') return zeroWidth(`\\${char}`);
    if (/[0-9kpP]/.test(char)) return this.#fail(`'\\${char}'`);
    return mayEnd(escapeText(char, false));
  }

  #class(): string {
    let text = this.#source.startsWith('[^', this.#at) ? '[^' : '[';
    this.#at += text.length;
    for (let first = true; ; first = false) {
      const char = this.#source[this.#at++];
      if (char === undefined) return this.#fail("a '[' that is not closed");
      if (char === ']' && !first) return `${text}]`;
      if (char !== '\\') {
        text += '[]'.includes(char) ? `\\${char}` : char;
        continue;
      }
      const escaped = this.#source[this.#at++] ?? this.#fail('a backslash at the end');
      text += 'xu'.includes(escaped) ? `\\${escaped}` : escapeText(escaped, true);
    }
  }

  #quantifier(): string {
    const match = /^(?:[*+?]|\{\d*,?\d*\})[?]?/.exec(this.#source.slice(this.#at))?.[0] ?? '';
    this.#at += match.length;
    // Python reads {,3} as {0,3}.
    return match.replace('{,', '{0,');
  }

  #take(char: string): boolean {
    if (this.#source[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #fail(what: string): never {
    throw new Error(`expected a pattern that can be translated, got ${what} in ${this.#source}`);
  }
}

const mayEnd = (complete: string): Both => ({ complete, partial: `(?:${complete}|$)` });
const zeroWidth = (complete: string): Both => ({ complete, partial: complete });

/** Python's classes are those of Unicode; other letters keep their meaning, signs stand for themselves. */
function escapeText(char: string, isInClass: boolean): string {
  const wrap = (text: string) => (isInClass ? text : `[${text}]`);
  if (char === 'w') return wrap('\\p{L}\\p{N}_');
  if (char === 'd') return '\\p{Nd}';
  if (char === 'W' && !isInClass) return '[^\\p{L}\\p{N}_]';
  if (char === 'D') return '\\P{Nd}';
  if (/[a-zA-Z]/.test(char)) return `\\${char}`;
  return SYNTAX.has(char) || (isInClass && char === '-') ? `\\${char}` : char;
}
