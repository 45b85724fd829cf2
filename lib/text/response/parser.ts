/**
 * An answer as it streams in, by its response template: which field it is writing, and each field's value when it
 * closes. Text that may turn out to be a delimiter is held back until that is known. The rules are those of
 * transformers' ResponseParser (utils/chat_parsing), with one difference: what cannot be read as its field's value is
 * handed on as text with the reason, where transformers raises an error and everything is lost.
 */
import { coerceToolCalls, toolParameters } from './coerce.ts';
import { parseContent, textParsers } from './content.ts';
import { type Anchor, applyTransform, type ResponseField, type ResponseTemplate } from './spec.ts';

/** `end`: how much of the answer is behind the event; 0 for what the prompt wrote. */
export type ResponseEvent = { field: string; end: number } & (
  | { type: 'open'; delimiter: string; captures: Readonly<Record<string, string>> }
  /** `isValue`: the text is part of the value; otherwise it is the source of one. */
  | { type: 'chunk'; text: string; isValue: boolean }
  | { type: 'close'; delimiter: string; value: unknown }
  /** Everything between the delimiters, and why it cannot be read. */
  | { type: 'malformed'; delimiter: string; text: string; reason: string }
);

interface Delimiter {
  kind: 'open' | 'close';
  field: ResponseField;
  anchor: Anchor;
}

interface Found extends Delimiter {
  match: RegExpExecArray;
}

export class ResponseParser {
  /** What the prompt itself wrote of the message, such as an opened `<think>`. */
  readonly initialEvents: ResponseEvent[] = [];
  readonly #template: ResponseTemplate;
  readonly #tools: ReturnType<typeof toolParameters>;
  readonly #message: Record<string, unknown>;
  #buffer = '';
  /** Where the answer begins in the buffer, behind what the prompt wrote. */
  readonly #start: number;
  #at = 0;
  /** The field that is written; null: text that belongs to none. */
  #field: ResponseField | null;
  #captures: Record<string, string> = {};
  #body = '';
  /** The field has text, or began with its own delimiter. */
  #isOpen = false;

  /**
   * @param prompt the text before the answer: chat templates write the beginning of a message too
   * @param tools as a chat template takes them: their schemas say what type an argument has
   */
  constructor(template: ResponseTemplate, prompt: string, tools: readonly object[] = []) {
    this.#template = template;
    this.#tools = toolParameters(tools);
    this.#message = structuredClone(template.defaults);
    this.#field = this.#implicit();
    this.#buffer = afterAnchor(template, prompt) ?? prompt;
    this.#start = this.#buffer.length;
    if (this.#buffer !== '') this.#process(this.initialEvents, false);
  }

  /** What `text` makes known. */
  push(text: string): ResponseEvent[] {
    const events: ResponseEvent[] = [];
    this.#buffer += text;
    if (text !== '') this.#process(events, false);
    return events;
  }

  /** What the end makes known, and the message: the values of all fields that have one. */
  end(): { message: Record<string, unknown>; events: ResponseEvent[] } {
    const events: ResponseEvent[] = [];
    this.#process(events, true);
    const isKept = ([name, value]: [string, unknown]) =>
      Object.hasOwn(this.#template.defaults, name) || !isEmpty(value);
    return { message: Object.fromEntries(Object.entries(this.#message).filter(isKept)), events };
  }

  #process(events: ResponseEvent[], isEnd: boolean): void {
    for (;;) {
      const { found, hold } = this.#scan(isEnd);
      if (found === null) {
        this.#take(events, isEnd ? this.#buffer.length : hold);
        if (isEnd) this.#close(events, '');
        return;
      }
      const { kind, field, match } = found;
      this.#take(events, match.index);
      this.#at = match.index + match[0].length;
      if (kind === 'open') {
        this.#close(events, '');
        this.#field = field;
        this.#captures = named(match);
        this.#isOpen = true;
        events.push(this.#event({ type: 'open', delimiter: match[0], captures: this.#captures }));
        continue;
      }
      const hadContent = this.#isOpen;
      Object.assign(this.#captures, named(match));
      this.#close(events, match[0]);
      // A delimiter without width would be found again at the same place for ever.
      if (!hadContent && match[0] === '') return;
    }
  }

  /** The delimiters that count now: the one that closes the field, or all that open one. */
  #delimiters(): Delimiter[] {
    const implicit = this.#implicit();
    const closing = (field: ResponseField): Delimiter[] =>
      field.close === null ? [] : [{ kind: 'close', field, anchor: field.close }];
    if (this.#field !== null && this.#field !== implicit) return closing(this.#field);
    const opening = [...this.#template.fields.values()].flatMap((field): Delimiter[] =>
      field.open === null ? [] : [{ kind: 'open', field, anchor: field.open }],
    );
    return [...opening, ...(implicit === null ? [] : closing(implicit))];
  }

  /** The first delimiter that is certain, and from where on text has to wait for what comes. */
  #scan(isEnd: boolean): { found: Found | null; hold: number } {
    let found: Found | null = null;
    let hold = this.#buffer.length;
    for (const delimiter of this.#delimiters()) {
      const { match, pending } = this.#find(delimiter.anchor, isEnd);
      hold = Math.min(hold, pending);
      if (match !== null && (found === null || isBefore({ ...delimiter, match }, found)))
        found = { ...delimiter, match };
    }
    // One that begins where another may still begin has to wait: the other one might be the right one.
    return { found: found !== null && !isEnd && found.match.index >= hold ? null : found, hold };
  }

  /** The first whole match that cannot change any more, or where the first one begins that may. */
  #find(anchor: Anchor, isEnd: boolean): { match: RegExpExecArray | null; pending: number } {
    const { complete, partial } = anchor.pattern;
    complete.lastIndex = this.#at;
    const match = complete.exec(this.#buffer);
    const none = this.#buffer.length;
    if (isEnd) return { match, pending: none };
    const begun = this.#firstBeginning(partial);
    if (begun < (match?.index ?? none)) return { match: null, pending: begun };
    if (match === null) return { match, pending: none };
    return this.#canChange(anchor, match) ? { match: null, pending: match.index } : { match, pending: none };
  }

  /** Where the first beginning of a match lies that reaches the end of the text; its length where there is none. */
  #firstBeginning(partial: RegExp): number {
    for (let from = this.#at; from < this.#buffer.length; ) {
      partial.lastIndex = from;
      const match = partial.exec(this.#buffer);
      if (match === null) break;
      if (match.index + match[0].length === this.#buffer.length) return match.index;
      from = match.index + 1;
    }
    return this.#buffer.length;
  }

  /** Whether a whole match could be another one with more text behind it. */
  #canChange({ pattern, literals, canExtend }: Anchor, match: RegExpExecArray): boolean {
    if (match.index + match[0].length === this.#buffer.length)
      return match[0] === '' || literals === null || canExtend;
    if (literals !== null) return false;
    // A pattern may look ahead to the end. It is certain where it is the same with another character behind all.
    pattern.complete.lastIndex = match.index;
    const again = pattern.complete.exec(`${this.#buffer}\0`);
    return (
      again === null ||
      again.index !== match.index ||
      again[0] !== match[0] ||
      JSON.stringify(again.groups ?? {}) !== JSON.stringify(match.groups ?? {})
    );
  }

  /** Gives the text up to `end` to the field. */
  #take(events: ResponseEvent[], end: number): void {
    const text = this.#buffer.slice(this.#at, end);
    this.#at = Math.max(this.#at, end);
    if (text === '' || this.#field === null) return;
    if (!this.#isOpen) events.push(this.#event({ type: 'open', delimiter: '', captures: {} }));
    this.#isOpen = true;
    this.#body += text;
    const isValue = textParsers.has(this.#field.content);
    events.push(this.#event({ type: 'chunk', text, isValue }));
  }

  /** An event of the field that is written. */
  #event<T extends object>(event: T): T & { field: string; end: number } {
    return { ...event, field: this.#field?.name ?? '', end: Math.max(0, this.#at - this.#start) };
  }

  #close(events: ResponseEvent[], delimiter: string): void {
    const field = this.#field;
    if (field !== null && this.#isOpen) {
      try {
        const value = coerceToolCalls(this.#valueOf(field), this.#tools);
        this.#keep(field, value);
        events.push(this.#event({ type: 'close', delimiter, value }));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        events.push(this.#event({ type: 'malformed', delimiter, text: this.#body, reason }));
      }
    }
    this.#field = this.#implicit();
    this.#captures = {};
    this.#body = '';
    this.#isOpen = false;
  }

  #valueOf({ name, content, contentArgs, transform, transformEach }: ResponseField): unknown {
    const value = parseContent(this.#body, content, contentArgs);
    if (transform === null) return value;
    if (!transformEach) return applyTransform(transform, { ...this.#captures, content: value });
    if (!Array.isArray(value)) throw new Error(`expected a list for ${name}, got ${typeof value}`);
    return value.map((item: unknown) => {
      if (typeof item !== 'object' || item === null || Array.isArray(item))
        throw new Error(`expected objects in the list for ${name}, got ${JSON.stringify(item)}`);
      return applyTransform(transform, { ...this.#captures, ...item });
    });
  }

  #keep({ name, join, repeats }: ResponseField, value: unknown): void {
    const before = this.#message[name];
    if (join !== null) {
      if (typeof value !== 'string') throw new Error(`expected a text for ${name}, got ${typeof value}`);
      this.#message[name] = before === undefined ? value : String(before) + join + value;
    } else if (repeats) this.#message[name] = [...((before as unknown[] | undefined) ?? []), value];
    else this.#message[name] = value;
  }

  #implicit(): ResponseField | null {
    const { implicit, fields } = this.#template;
    return implicit === null ? null : (fields.get(implicit) ?? null);
  }
}

/** What lies behind the last match of the anchor; null where there is none. */
export function afterAnchor({ startAnchor: { pattern } }: ResponseTemplate, text: string): string | null {
  // A search begins where the last one with the same pattern ended, unless it is told where.
  pattern.complete.lastIndex = 0;
  const last = [...text.matchAll(pattern.complete)].at(-1);
  return last === undefined ? null : text.slice(last.index + last[0].length);
}

/** Earlier first, then longer, then the one that opens, then by name: the order never decides by chance. */
function isBefore(a: Found, b: Found): boolean {
  if (a.match.index !== b.match.index) return a.match.index < b.match.index;
  if (a.match[0].length !== b.match[0].length) return a.match[0].length > b.match[0].length;
  if (a.kind !== b.kind) return a.kind === 'open';
  return a.field.name < b.field.name;
}

function named({ groups = {} }: RegExpExecArray): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).filter(([, text]) => text !== undefined));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
