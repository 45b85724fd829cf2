/** Tokens beside the vocabulary proper, as tokenizer.json and tokenizer_config.json list them. */
import { isObject } from './plain.ts';
import type { Special } from './sections.ts';

export interface AddedToken extends Special {
  readonly content: string;
  /** Whether it is a sign for the model and no text of its own. */
  readonly special: boolean;
  /** Recognised in a text only between spaces, or with the spaces around it. */
  readonly matchesOddly: boolean;
}

export type Fail = (message: string, cause?: unknown) => never;

/** Four times the largest vocabulary there is; the tables are as long as the largest id. */
export const MAX_IDS = 2 ** 20;

/** @param list tokenizer.json's `added_tokens` */
export function readAddedTokens(list: unknown, fail: Fail): AddedToken[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return fail('expected a list for "added_tokens"');
  return list.map((token: unknown) => readAddedToken(token, isObject(token) ? token.id : undefined, fail));
}

/** @param id where the file keeps it: within the token, or as the key under which it stands */
export function readAddedToken(token: unknown, id: unknown, fail: Fail): AddedToken {
  if (!isObject(token) || typeof token.content !== 'string' || token.content === '')
    return fail('expected a "content" for every added token');
  const { content } = token;
  const [stripsLeft, stripsRight] = [token.lstrip === true, token.rstrip === true];
  return {
    id: checkId(typeof id === 'string' && /^\d{1,9}$/.test(id) ? Number(id) : id, content, fail),
    content,
    special: token.special === true,
    stripsLeft,
    stripsRight,
    matchesOddly: stripsLeft || stripsRight || token.single_word === true,
  };
}

export function checkId(id: unknown, piece: string, fail: Fail): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_IDS) return id;
  return fail(
    `expected an id from 0 to ${MAX_IDS - 1} for token ${JSON.stringify(piece)}, got ${String(id)}`,
  );
}

/** Names that a segment may use. */
export function specialsOf(added: Iterable<AddedToken>): Map<string, Special> {
  return new Map(Array.from(added).flatMap((token) => (token.special ? [[token.content, token]] : [])));
}
