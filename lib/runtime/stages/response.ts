/** Text into parts: thoughts, tool calls and what is said, by the model's response template. */
import {
  type ResponseEvent,
  type ResponseField,
  ResponseParser,
  type ResponseTemplate,
  stripStart,
  trailingSpace,
} from '../../text/index.ts';
import type { Piece, Stage, Token } from './stage.ts';
import { ToolCallStream } from './tool-call.ts';

export interface ResponseReading {
  readonly template: ResponseTemplate;
  /** The prompt's text from the beginning of the assistant's message on: a template may have opened `<think>`. */
  readonly prompt: string;
  readonly tools: readonly object[];
  /** The id of a call by its index. */
  callId(index: number): string;
}

/** Fields of a response template that are thoughts; the others but 'tool_calls' are text. */
const REASONING = new Set(['thinking', 'reasoning', 'reasoning_content']);
const TOOL_CALLS = 'tool_calls';

export class ResponseStage implements Stage {
  readonly ending = null;
  readonly #reading: ResponseReading;
  readonly #parser: ResponseParser;
  /** Tokens that no piece has got yet, with the place in the answer's text where theirs begins. */
  readonly #tokens: { token: Token; start: number }[] = [];
  #length = 0;
  #calls = 0;
  /** The delimiter that opened the field. */
  #opening = '';
  #call: ToolCallStream | null = null;
  /** White space that belongs to the text only if more text follows in the same field. */
  #held = '';
  #hasText = false;
  #last: Piece | null = null;

  constructor(reading: ResponseReading) {
    this.#reading = reading;
    this.#parser = new ResponseParser(reading.template, reading.prompt, reading.tools);
    // The prompt's own part of the message sets the state; nobody generated it, so nothing of it is shown.
    for (const event of this.#parser.initialEvents) this.#piecesOf(event);
    this.#held = '';
  }

  push(pieces: readonly Piece[]): Piece[] {
    return pieces.flatMap((piece) => {
      for (const token of piece.tokens) this.#tokens.push({ token, start: this.#length });
      if (piece.type === 'toolCall') return [piece];
      this.#length += piece.text.length;
      return this.#parser.push(piece.text).flatMap((event) => this.#piecesOf(event));
    });
  }

  end(): Piece[] {
    const pieces = this.#parser.end().events.flatMap((event) => this.#piecesOf(event));
    const rest = this.#take(Number.POSITIVE_INFINITY);
    if (rest.length === 0) return pieces;
    // Tokens behind everything that is shown belong to the last part, so that the parts have all tokens.
    const last = this.#last ?? { type: 'text', text: '', tokens: [] };
    return [
      ...pieces,
      { ...last, ...(last.type === 'toolCall' ? { arguments: '' } : { text: '' }), tokens: rest },
    ];
  }

  #piecesOf(event: ResponseEvent): Piece[] {
    if (event.type === 'open') {
      this.#opening = event.delimiter;
      this.#held = '';
      this.#hasText = false;
      const field = this.#field(event.field);
      this.#call = event.field === TOOL_CALLS ? new ToolCallStream(field, event.captures) : null;
    }
    const pieces = event.field === TOOL_CALLS ? this.#callPieces(event) : this.#textPieces(event);
    this.#last = pieces.at(-1) ?? this.#last;
    return pieces;
  }

  #textPieces(event: ResponseEvent): Piece[] {
    const type = REASONING.has(event.field) ? 'reasoning' : 'text';
    if (event.type === 'malformed') return this.#malformed(event);
    // Nothing to show: its tokens wait for the next part, those of a closing delimiter belong to the text before it.
    const isShown = (text: string) => text !== '' || (event.type === 'close' && this.#hasText);
    const piece = (text: string): Piece[] =>
      isShown(text) ? [{ type, text, tokens: this.#take(event.end) }] : [];
    if (event.type !== 'chunk') return piece('');
    // A field whose value is made of its text (JSON, lines) is shown as it was written.
    if (!event.isValue || this.#field(event.field).contentArgs.strip === false) return piece(event.text);
    const text = this.#hasText ? this.#held + event.text : stripStart(event.text);
    this.#held = trailingSpace(text);
    const shown = text.slice(0, text.length - this.#held.length);
    this.#hasText ||= shown !== '';
    return piece(shown);
  }

  #callPieces(event: ResponseEvent): Piece[] {
    switch (event.type) {
      case 'open':
        return [];
      case 'chunk': {
        const progress = this.#call?.push(event.text) ?? null;
        return progress === null ? [] : [this.#callPiece(progress.name, progress.arguments, event.end)];
      }
      case 'close':
        return this.#closed(event);
      case 'malformed':
        return this.#malformed(event);
    }
  }

  /** The calls of a field that could be read. */
  #closed(event: ResponseEvent & { type: 'close' }): Piece[] {
    if (this.#call?.began) {
      this.#calls++;
      return this.#rest(event.end);
    }
    const values: unknown[] = Array.isArray(event.value) ? event.value : [event.value];
    const calls = values.map(callOf);
    if (calls.includes(null)) {
      const reason = 'expected a name and arguments of each tool call, got something else';
      return this.#malformed({ ...event, type: 'malformed', text: JSON.stringify(event.value), reason });
    }
    return calls.map((call) => {
      const piece = this.#callPiece(call!.name, call!.arguments, event.end);
      this.#calls++;
      return piece;
    });
  }

  /** Nothing that the model wrote is lost: it comes as text, with what is wrong about it. */
  #malformed({ text, delimiter, reason, end }: ResponseEvent & { type: 'malformed' }): Piece[] {
    const tokens = this.#take(end);
    if (!this.#call?.began)
      return [{ type: 'text', text: this.#opening + text + delimiter, tokens, finding: reason }];
    // Its name and some arguments are out already.
    const piece = this.#callPiece('', '', end);
    this.#calls++;
    return [{ ...piece, tokens, finding: reason }];
  }

  #callPiece(name: string, args: string, end: number): Piece & { type: 'toolCall' } {
    const callId = this.#reading.callId(this.#calls);
    return { type: 'toolCall', index: this.#calls, callId, name, arguments: args, tokens: this.#take(end) };
  }

  /** The tokens of a closing delimiter belong to the call before it. */
  #rest(end: number): Piece[] {
    const tokens = this.#take(end);
    if (tokens.length === 0) return [];
    const index = this.#calls - 1;
    return [
      { type: 'toolCall', index, callId: this.#reading.callId(index), name: '', arguments: '', tokens },
    ];
  }

  #take(end: number): Token[] {
    const count = this.#tokens.findIndex(({ start }) => start >= end);
    return this.#tokens.splice(0, count < 0 ? this.#tokens.length : count).map(({ token }) => token);
  }

  #field(name: string): ResponseField {
    return this.#reading.template.fields.get(name)!;
  }
}

/** A function call as a message has it; null: it is none. Arguments may come as JSON text or as an object. */
function callOf(value: unknown): { name: string; arguments: string } | null {
  const call = (value as { function?: unknown } | null)?.function;
  if (typeof call !== 'object' || call === null) return null;
  const { name, arguments: args = {} } = call as { name?: unknown; arguments?: unknown };
  if (typeof name !== 'string') return null;
  return { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) };
}
