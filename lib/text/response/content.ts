/**
 * What lies between a field's delimiters, as a value: the content parsers of transformers' response templates
 * (utils/chat_parsing/content_parsers.py), by name.
 */
import { parseCallList } from './call-list.ts';
import { parseFloat64, parseInteger, strip } from './python.ts';
import { streamPattern } from './regexp.ts';

export type Args = Readonly<Record<string, unknown>>;

/** @throws Error: the text is not what the parser reads */
type ContentParser = (text: string, args: Args) => unknown;

const text: ContentParser = (text, args) => (args.strip === false ? text : strip(text));

function orFail<T>(value: T | null, what: string, text: string): T {
  if (value === null) throw new Error(`expected ${what}, got ${JSON.stringify(text)}`);
  return value;
}

/** JSON, in the dialects that models write: bare keys, strings within other signs than quotes. */
function json(text: string, args: Args): unknown {
  let working = text;
  const strings: string[] = [];
  const delimiters = (args.string_delims ?? []) as [string, string][];
  const [open, close] = ['\u0001', '\u0002'];
  if (delimiters.length > 0 && (text.includes(open) || text.includes(close)))
    throw new Error('expected JSON without the control characters U+0001 and U+0002');
  for (const [begin, end] of delimiters) {
    const quote = (sign: string) => sign.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    working = working.replaceAll(
      new RegExp(`${quote(begin)}(.*?)${quote(end)}`, 'gs'),
      (_, inner: string) => {
        strings.push(inner);
        return `${open}${strings.length - 1}${close}`;
      },
    );
  }
  if (args.unquoted_keys === true)
    // A quoted string is passed over whole, so that what looks like a key inside it stays.
    working = working.replaceAll(
      /"(?:\\.|[^"\\])*"|(?<=[{,])(\s*)([\p{L}\p{N}_]+)(\s*):/gsu,
      (whole, before?: string, key?: string, after?: string) =>
        key === undefined ? whole : `${before}"${key}"${after}:`,
    );
  for (const [i, inner] of strings.entries())
    working = working.replaceAll(`${open}${i}${close}`, () => JSON.stringify(inner));
  try {
    return JSON.parse(working);
  } catch (cause) {
    if (args.allow_non_json === true) return args.strip === false ? text : strip(text);
    throw new Error(`expected JSON, got ${JSON.stringify(text)}`, { cause });
  }
}

function subParse(raw: string, parser: unknown): unknown {
  if (parser === undefined || parser === null) return raw;
  const { name = 'text', args = {} } = parser as { name?: string; args?: Args };
  return parseContent(raw, name, args);
}

/** `<parameter=key>value</parameter>` and the like, by a pattern with the groups `key` and `value`. */
function xmlInline(text: string, args: Args): Record<string, unknown> {
  if (typeof args.tag_pattern !== 'string')
    throw new Error('expected a tag_pattern for xml-inline, got none');
  const out: Record<string, unknown> = {};
  const merged = new Set<string>();
  for (const { groups } of text.matchAll(streamPattern(args.tag_pattern).complete)) {
    const key = orFail(groups?.key ?? null, 'a group named key in tag_pattern', args.tag_pattern);
    const value = subParse(groups?.value ?? '', args.value_parser);
    if (args.merge_duplicates !== true || !Object.hasOwn(out, key)) {
      setOwn(out, key, value);
      continue;
    }
    if (!merged.has(key)) setOwn(out, key, [out[key]]);
    merged.add(key);
    (out[key] as unknown[]).push(value);
  }
  return out;
}

function kvLines(whole: string, args: Args): Record<string, unknown> {
  const { line_sep: lineSeparator = '\n', kv_sep: separator = ':' } = args as {
    line_sep?: string;
    kv_sep?: string;
  };
  const out: Record<string, unknown> = {};
  for (const raw of whole.split(lineSeparator)) {
    const line = String(text(raw, args));
    const at = line.indexOf(separator);
    if (line === '' || at < 0) continue;
    const key = String(text(line.slice(0, at), args));
    setOwn(out, key, subParse(String(text(line.slice(at + separator.length), args)), args.value_parser));
  }
  return out;
}

/** A key may be `__proto__`: assigning it would change the object instead. */
function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

const parsers: Readonly<Record<string, ContentParser>> = {
  text,
  int: (whole) => orFail(parseInteger(whole), 'an integer', whole),
  float: (whole) => orFail(parseFloat64(whole), 'a number', whole),
  bool: (whole) => ['true', '1'].includes(strip(whole).toLowerCase()),
  json,
  'xml-inline': xmlInline,
  'kv-lines': kvLines,
  'python-call-list': parseCallList,
};

export const contentParserNames: readonly string[] = Object.keys(parsers);

/** Their text is the value, but for white space at its ends; of the others only the whole can be read. */
export const textParsers: ReadonlySet<string> = new Set(['text', 'int', 'float', 'bool']);

/** @throws Error: the text is not what the parser reads */
export function parseContent(whole: string, name: string, args: Args): unknown {
  const parser = Object.hasOwn(parsers, name) ? parsers[name] : undefined;
  if (parser === undefined) throw new Error(`expected one of ${contentParserNames.join(', ')}, got ${name}`);
  return parser(whole, args);
}
