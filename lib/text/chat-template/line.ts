/** Where a template cannot be read. The library's errors name no place, and its tokens have none. */

import type { Token } from '@huggingface/jinja';

type Library = Pick<typeof import('@huggingface/jinja'), 'tokenize' | 'parse'>;

/** The line of the last token that the parser looked at, or where the text can no longer be cut into tokens. */
export function lineOfSyntaxError(source: string, { tokenize, parse }: Library): number {
  let tokens: Token[];
  try {
    tokens = tokenize(source);
  } catch {
    return firstLineThat(source, (text) => !isTokenized(tokenize, text));
  }
  let last = 0;
  const watched = new Proxy(tokens, {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key))
        last = Math.max(last, Math.min(Number(key), target.length - 1));
      return Reflect.get(target, key, receiver);
    },
  });
  try {
    parse(watched);
  } catch {
    // It is the error that the caller has already; what counts is how far it came.
  }
  // Tokens come in the order of the text: each is looked for behind the one before it.
  let at = 0;
  for (const { value } of tokens.slice(0, last + 1)) {
    const found = source.indexOf(value, at);
    if (found >= 0) at = found + value.length;
  }
  return source.slice(0, at).split('\n').length;
}

function isTokenized(tokenize: Library['tokenize'], text: string): boolean {
  try {
    tokenize(text);
    return true;
  } catch {
    return false;
  }
}

/** By halving: what cannot be cut stays so with more text behind it, apart from a string that is still open. */
function firstLineThat(source: string, fails: (text: string) => boolean): number {
  const lines = source.split('\n');
  let [low, high] = [1, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fails(lines.slice(0, middle).join('\n'))) high = middle;
    else low = middle + 1;
  }
  return low;
}
