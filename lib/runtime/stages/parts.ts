/** What comes out of the last stage, as callers see it. */
import type { TokenLogprob } from '../logprobs.ts';
import type { Piece, Token } from './stage.ts';

interface PartTokens {
  /** The tokens whose text begins in this part. */
  ids: number[];
  /** One for each of `ids`; absent unless the request asks for them. */
  logprobs?: TokenLogprob[];
}

/** What is said to the reader. */
export interface TextPart extends PartTokens {
  type: 'text';
  /** Never half a character. */
  text: string;
  /** Why this text, which the model wrote as a tool call, cannot be read as one. */
  finding?: string;
}

/** What the model wrote for itself before it answered. */
export interface ReasoningPart extends PartTokens {
  type: 'reasoning';
  text: string;
}

/** A call of a tool, or in a chunk the next piece of one. */
export interface ToolCallPart extends PartTokens {
  type: 'toolCall';
  /** Which call of the answer: 0, 1, … All pieces of a call have the same. */
  index: number;
  callId: string;
  name: string;
  /** JSON text: in a chunk what it adds, in a completion all of it. */
  arguments: string;
  /** Why `arguments` is only the beginning of a JSON text: the call ends in the middle, or goes on as no JSON. */
  finding?: string;
}

/** A piece of an answer. A model whose package says nothing about reasoning and tools gives text alone. */
export type Part = TextPart | ReasoningPart | ToolCallPart;

/** Pieces of one kind that follow each other become one part; those with neither text nor tokens are left out. */
export function partsOf(pieces: readonly Piece[], withLogprobs: boolean): Part[] {
  const parts: Part[] = [];
  for (const piece of pieces) {
    if (piece.type !== 'toolCall' && piece.text === '' && piece.tokens.length === 0) continue;
    let last = parts.at(-1);
    if (last === undefined || !extend(last, piece)) {
      last = emptyPart(piece, withLogprobs);
      parts.push(last);
      extend(last, piece);
    }
    addTokens(last, piece.tokens);
  }
  return parts;
}

/** Adds the parts of a chunk to those so far. */
export function appendParts(all: Part[], more: readonly Part[]): void {
  for (const part of more) {
    let last = all.at(-1);
    if (last === undefined || !extend(last, part)) {
      last = emptyPart(part, part.logprobs !== undefined);
      all.push(last);
      extend(last, part);
    }
    for (const id of part.ids) last.ids.push(id);
    for (const logprob of part.logprobs ?? []) last.logprobs?.push(logprob);
  }
}

/** The text of the text parts. */
export function textOf(parts: readonly Part[]): string {
  let text = '';
  for (const part of parts) if (part.type === 'text') text += part.text;
  return text;
}

/** Adds the content of a piece to a part of the same kind. @returns false for one of another kind or call */
function extend(part: Part, piece: Piece | Part): boolean {
  if (part.type === 'toolCall') {
    if (piece.type !== 'toolCall' || piece.index !== part.index) return false;
    part.arguments += piece.arguments;
    if (piece.finding !== undefined) part.finding = piece.finding;
    return true;
  }
  if (piece.type === 'toolCall' || piece.type !== part.type) return false;
  // A text with a finding stands alone, so that it is clear what the finding is about.
  const isNew = part.text === '' && part.ids.length === 0;
  if (!isNew && findingOf(piece) !== findingOf(part)) return false;
  part.text += piece.text;
  return true;
}

function findingOf(piece: Piece | Part): string | undefined {
  return 'finding' in piece ? piece.finding : undefined;
}

function emptyPart(like: Piece | Part, withLogprobs: boolean): Part {
  const finding = findingOf(like);
  const common = {
    ids: [],
    ...(withLogprobs ? { logprobs: [] } : {}),
    ...(finding === undefined ? {} : { finding }),
  };
  if (like.type !== 'toolCall') return { type: like.type, text: '', ...common };
  const { type, index, callId, name } = like;
  return { type, index, callId, name, arguments: '', ...common };
}

function addTokens(part: Part, tokens: readonly Token[]): void {
  for (const { id, logprob } of tokens) {
    part.ids.push(id);
    if (logprob !== null) part.logprobs?.push(logprob);
  }
}
