/**
 * Response templates: what transformers (from 5.13 on) keeps in tokenizer_config.json as `response_template`. It says
 * between which delimiters an answer has thoughts, tool calls and text, and how each becomes a value.
 */
import { type Args, contentParserNames } from './content.ts';
import { literalPattern, type StreamPattern, streamPattern } from './regexp.ts';

/** A delimiter. `literals`: what a pattern was made of; null: it is a pattern of the template's own. */
export interface Anchor {
  pattern: StreamPattern;
  literals: readonly string[] | null;
  /** One literal begins with another one, so that a whole match may still become longer. */
  canExtend: boolean;
}

export interface ResponseField {
  name: string;
  /** null: this field takes what lies outside of all others. */
  open: Anchor | null;
  /** null: up to the end. */
  close: Anchor | null;
  content: string;
  contentArgs: Args;
  repeats: boolean;
  /** Between the texts of a field that repeats, which then is one text. */
  join: string | null;
  optional: boolean;
  transform: unknown;
  transformEach: boolean;
}

export interface ResponseTemplate {
  defaults: Readonly<Record<string, unknown>>;
  fields: ReadonlyMap<string, ResponseField>;
  /** The field without an opening delimiter. */
  implicit: string | null;
  /** Where the assistant's message begins within a prompt. */
  startAnchor: Anchor;
}

type JsonObject = Readonly<Record<string, unknown>>;

const TEMPLATE_KEYS = ['version', 'defaults', 'fields', 'start_anchor', 'start_anchor_pattern'];
const FIELD_KEYS = [
  ...['open', 'open_pattern', 'close', 'close_pattern', 'content', 'content_args'],
  ...['repeats', 'join', 'optional', 'transform', 'transform_each'],
];

const PLACEHOLDER = /\{(\w+(?:\.\w+)*)\}/;

/** @throws Error naming the field and what is wrong with it */
export function readResponseTemplate(spec: unknown): ResponseTemplate {
  const object = expectObject('response_template', spec);
  expectKeys('response_template', object, TEMPLATE_KEYS);
  if ((object.version ?? 1) !== 1)
    throw new Error(`expected version 1 of response_template, got ${String(object.version)}`);
  const given = Object.entries(expectObject('response_template.fields', object.fields ?? {}));
  if (given.length === 0) throw new Error('expected fields in response_template, got none');
  const fields = new Map(given.map(([name, field]) => [name, readField(name, field)]));
  const implicit = [...fields.values()].filter(({ open }) => open === null).map(({ name }) => name);
  if (implicit.length > 1)
    throw new Error(`expected at most one field without open or open_pattern, got ${implicit.join(', ')}`);
  const startAnchor = readAnchor('response_template', object, 'start_anchor');
  if (startAnchor === null) throw new Error('expected start_anchor in response_template, got none');
  const defaults = expectObject('response_template.defaults', object.defaults ?? {});
  return { defaults, fields, implicit: implicit[0] ?? null, startAnchor };
}

function readField(name: string, spec: unknown): ResponseField {
  const scope = `field '${name}' of response_template`;
  const field = expectObject(scope, spec);
  expectKeys(scope, field, FIELD_KEYS);
  const { content = 'text', join = null, repeats = false, optional = true } = field;
  const { transform = null, transform_each: transformEach = false } = field;
  if (typeof content !== 'string' || !contentParserNames.includes(content))
    throw new Error(
      `expected one of ${contentParserNames.join(', ')} as content of ${scope}, got ${String(content)}`,
    );
  for (const [key, value] of Object.entries({ repeats, optional, transform_each: transformEach }))
    if (typeof value !== 'boolean') throw new Error(`expected true or false for ${key} of ${scope}`);
  if (join !== null && (typeof join !== 'string' || repeats !== true))
    throw new Error(`expected a text for join of ${scope}, and repeats with it`);
  if (transformEach === true && transform === null)
    throw new Error(`expected a transform of ${scope} with transform_each, got none`);
  const [open, close] = [readAnchor(scope, field, 'open'), readAnchor(scope, field, 'close')];
  checkTransform(scope, transform);
  const captured = [open, close].flatMap((anchor) => anchor?.pattern.groupNames ?? []);
  if (transform === null && captured.length > 0)
    throw new Error(`expected a transform that uses the groups ${captured.join(', ')} of ${scope}, got none`);
  return {
    ...{
      name,
      open,
      close,
      content,
      join,
      transform,
      contentArgs: expectObject(scope, field.content_args ?? {}),
    },
    ...{ repeats: repeats === true, optional: optional === true, transformEach: transformEach === true },
  };
}

/** `key` has literal texts, `key_pattern` a regular expression; null: neither. */
function readAnchor(scope: string, object: JsonObject, key: string): Anchor | null {
  const [literal, pattern] = [object[key], object[`${key}_pattern`]];
  if (literal !== undefined && pattern !== undefined)
    throw new Error(`expected one of ${key} and ${key}_pattern of ${scope}, got both`);
  if (pattern !== undefined) {
    if (typeof pattern !== 'string') throw new Error(`expected a text for ${key}_pattern of ${scope}`);
    return { pattern: streamPattern(pattern), literals: null, canExtend: false };
  }
  if (literal === undefined) return null;
  const list: unknown[] = Array.isArray(literal) ? literal : [literal];
  if (list.length === 0 || !list.every((text): text is string => typeof text === 'string' && text !== ''))
    throw new Error(`expected a text, or a list of them, for ${key} of ${scope}`);
  const literals = [...new Set(list as string[])];
  const canExtend = literals.some((a) => literals.some((b) => a !== b && a.startsWith(b)));
  return { pattern: literalPattern(literals), literals, canExtend };
}

/** A string is a placeholder or a text, never a mixture: nothing is interpolated. */
function checkTransform(scope: string, transform: unknown): void {
  if (typeof transform === 'object' && transform !== null)
    for (const value of Object.values(transform)) checkTransform(scope, value);
  else if (typeof transform === 'string' && PLACEHOLDER.test(transform) && placeholder(transform) === null)
    throw new Error(`expected a whole placeholder or a text in the transform of ${scope}, got ${transform}`);
}

function placeholder(text: string): string[] | null {
  const match = PLACEHOLDER.exec(text);
  return match !== null && match[0] === text ? match[1]!.split('.') : null;
}

/** The transform with its placeholders replaced by what `scope` has under their names. @throws Error: it has not */
export function applyTransform(transform: unknown, scope: JsonObject): unknown {
  if (Array.isArray(transform)) return transform.map((item) => applyTransform(item, scope));
  if (typeof transform === 'object' && transform !== null)
    return Object.fromEntries(
      Object.entries(transform).map(([key, item]) => [key, applyTransform(item, scope)]),
    );
  const keys = typeof transform === 'string' ? placeholder(transform) : null;
  if (keys === null) return transform;
  let value: unknown = scope;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key))
      throw new Error(`expected ${keys.join('.')} in what the model wrote, got no ${key}`);
    value = (value as JsonObject)[key];
  }
  return value;
}

function expectObject(what: string, value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`expected an object for ${what}, got ${JSON.stringify(value)}`);
  return value as JsonObject;
}

function expectKeys(what: string, object: JsonObject, known: readonly string[]): void {
  const unknown = Object.keys(object).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new Error(`expected only ${known.join(', ')} in ${what}, got ${unknown.join(', ')}`);
}
