/** What Python's strings and numbers do, where JavaScript's do something else. */

/** White space of `str.strip`: unlike JavaScript's `trim`, without U+FEFF and with the separators U+001C to U+001F. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`${SPACE}*$`);
const ENDS = new RegExp(`^${SPACE}+|${SPACE}+$`, 'g');

export const strip = (text: string): string => text.replaceAll(ENDS, '');

/** `int(text)`, for numbers that JavaScript keeps exactly; null: Python would not take it. */
export function parseInteger(text: string): number | null {
  const digits = strip(text);
  if (!/^[+-]?\d+(?:_\d+)*$/.test(digits)) return null;
  const value = Number(digits.replaceAll('_', ''));
  return Number.isSafeInteger(value) ? value : null;
}

/** `float(text)`; null: Python would not take it. */
export function parseFloat64(text: string): number | null {
  const digits = strip(text);
  if (/^[+-]?(?:inf|infinity)$/i.test(digits)) return digits.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(digits)) return Number.NaN;
  if (!/^[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(digits)) return null;
  return Number(digits.replaceAll('_', ''));
}

/** White space at the end of a text. */
export function trailingSpace(text: string): string {
  return TRAILING.exec(text)?.[0] ?? '';
}

/** The text without white space at its beginning. */
export const stripStart = (text: string): string => text.replace(LEADING, '');
