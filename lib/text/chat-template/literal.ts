/**
 * Keeps the text of a conversation from becoming special tokens. A template joins its own control tokens and the
 * caller's strings into one text, where nobody can tell them apart any more. So a mark is put inside every special
 * token that a caller's string spells before the template sees it; in the rendered text only the template's own
 * tokens are whole, and the marks are taken out again. (transformers' `sanitize_control_tokens` marks them too.)
 */
import type { Segment } from '../tokenizer.ts';

/** A noncharacter: Unicode promises that no text means anything by it. */
const MARK = '\ufdd0';

export class LiteralText {
  /** A whole token, and the first character of one; null: there are no special tokens. */
  readonly #special: RegExp | null;
  readonly #begin: RegExp | null;
  readonly #mark: string;

  /**
   * @param specials the texts of the special tokens
   * @param values everything that a caller says; the mark is made longer than any run of it in there
   */
  constructor(specials: Iterable<string>, values: unknown) {
    const texts = [...new Set(specials)].filter((text) => text !== '' && !text.includes(MARK));
    // Longest first, so that a token wins over another one that it begins with.
    texts.sort((a, b) => b.length - a.length);
    const runs = JSON.stringify(values ?? null).match(new RegExp(`${MARK}+`, 'gu')) ?? [];
    this.#mark = MARK.repeat(1 + runs.reduce((max, run) => Math.max(max, run.length), 0));
    // A token of one character cannot be broken from inside: the mark behind it says that it is text.
    const whole = `(?:${texts.map(escapePattern).join('|')})(?!${this.#mark})`;
    this.#special = texts.length === 0 ? null : new RegExp(whole, 'gu');
    this.#begin = texts.length === 0 ? null : new RegExp(`(?=${whole}).`, 'gsu');
  }

  /** A copy of a JSON value whose strings cannot become special tokens. Keys stay: templates look them up. */
  protect(value: unknown): unknown {
    if (typeof value === 'string') return this.#protectText(value);
    if (Array.isArray(value)) return value.map((item) => this.protect(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.protect(item)]));
  }

  /** What a template rendered, without marks. */
  plain(rendered: string): string {
    return rendered.replaceAll(this.#mark, '');
  }

  /** What a template rendered, with its own special tokens apart from text. */
  segments(rendered: string): Segment[] {
    const segments: Segment[] = [];
    const addText = (text: string) => {
      const plain = this.plain(text);
      if (plain !== '') segments.push({ text: plain });
    };
    let end = 0;
    for (const match of this.#special === null ? [] : rendered.matchAll(this.#special)) {
      addText(rendered.slice(end, match.index));
      segments.push({ special: match[0] });
      end = match.index + match[0].length;
    }
    addText(rendered.slice(end));
    return segments;
  }

  /** Every place where a token begins, tokens that overlap too, gets the mark behind its first character. */
  #protectText(text: string): string {
    return this.#begin === null ? text : text.replaceAll(this.#begin, `$&${this.#mark}`);
  }
}

/** A pattern for the text itself (RegExp.escape is there from Node 24 on). */
function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
