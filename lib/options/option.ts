/**
 * Tables of options. A row is all that is said about an option: the check of values, its message, the TypeScript type of
 * the options object, the command's help and parser, the page's table and the native reader follow from it. The comment
 * above a row is its documentation: editors show it with the type, and docs/library.md is made of it.
 */
import { GgmaError } from '../errors.ts';
import type { Rule } from './rule.ts';

/** What of a model the values of an option may depend on. */
export interface OptionLimits {
  readonly vocabSize: number;
}

/** For commands and pages, which describe options before there is a model. */
export const anyModel: OptionLimits = { vocabSize: 2 ** 31 };

export interface CommandOption {
  /** Default: the option's name in lower case, with hyphens. */
  flag?: string;
  /** One letter. */
  short?: string;
  /** What stands for the value in the help. */
  value?: string;
  help: string;
}

/** A row; its name is its key in the table. D: the type of its default, undefined where it has none. */
export interface Option<T, D extends T | undefined = undefined> {
  rule: Rule<T> | ((limits: OptionLimits) => Rule<T>);
  /** Absent where it is no constant: then the comment says what happens without the option. */
  default?: D;
  /** Absent: commands do not have it. */
  cli?: CommandOption;
  /** The member of SamplingOptions (native/core/sampler.h) that it sets. */
  native?: string;
}

export type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;

/** A row, with the types of its values and of its default. */
export function option<T, const D extends T | undefined = undefined>(row: Option<T, D>): Option<T, D> {
  return row;
}

/** The options object of a table. */
export type OptionsOf<Table> = {
  [Name in keyof Table]?: Table[Name] extends Option<infer T, infer _> ? T : never;
};

/** The same with every constant default filled in. */
export type FilledOptions<Table> = {
  [Name in keyof Table]: Table[Name] extends Option<infer T, infer D>
    ? D extends undefined
      ? T | undefined
      : T
    : never;
};

export function ruleOf<T>({ rule }: Pick<Option<T, T | undefined>, 'rule'>, limits: OptionLimits): Rule<T> {
  return typeof rule === 'function' ? rule(limits) : rule;
}

/**
 * Checks an options object: every value by its rule, and nothing unknown is ignored. undefined counts as absent.
 * @param what the function that takes the options
 * @throws GgmaError OPTION: field, value, rule
 */
export function checkOptions<Table extends OptionTable>(
  what: string,
  options: unknown,
  table: Table,
  limits: OptionLimits = anyModel,
): asserts options is OptionsOf<Table> {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new GgmaError('OPTION', `expected an object of options for ${what}, got ${show(options)}`);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined) {
      const known = Object.keys(table).join(', ');
      throw new GgmaError('OPTION', `expected one of ${known} for ${what}, got ${name}`, { path: name });
    }
    const rule = ruleOf(row, limits);
    if (!rule.holds(value))
      throw new GgmaError('OPTION', `expected ${rule.expects} for ${name}, got ${show(value)}`, {
        path: name,
      });
  }
}

/** Checked options, with the constant defaults where they say nothing. */
export function fillOptions<Table extends OptionTable>(
  table: Table,
  options: OptionsOf<Table>,
): FilledOptions<Table> {
  const filled: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table)) {
    const said: unknown = options[name];
    filled[name] = said === undefined ? row.default : said;
  }
  return filled as FilledOptions<Table>;
}

/** A value in a message: short, on one line. */
export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string' || (typeof value === 'object' && value !== null)) {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch {
      // cyclic, or a bigint inside: the kind of thing is enough
    }
    text ??= Object.prototype.toString.call(value);
    return text.length > 60 ? `${text.slice(0, 57)}…` : text;
  }
  return String(value);
}
