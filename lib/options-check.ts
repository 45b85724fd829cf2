/** Options objects: every value by a rule, nothing unknown ignored. */
import { GgmaError } from './errors.ts';

/** `expects` completes "expected … for <name>". */
export interface Rule {
  expects: string;
  holds(value: unknown): boolean;
}

export function integer(min: number, max: number): Rule {
  return {
    expects: `an integer from ${min} to ${max}`,
    holds: (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
  };
}

export function number(min: number, max: number): Rule {
  return {
    expects: `a number from ${min} to ${max}`,
    holds: (value) => typeof value === 'number' && value >= min && value <= max,
  };
}

export const flag: Rule = { expects: 'true or false', holds: (value) => typeof value === 'boolean' };

export const callback: Rule = { expects: 'a function', holds: (value) => typeof value === 'function' };

export const abortSignal: Rule = {
  expects: 'an AbortSignal',
  holds: (value) => value instanceof AbortSignal,
};

/** @throws GgmaError OPTION: field, value, rule. undefined counts as absent. */
export function checkOptions(what: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new GgmaError('OPTION', `expected an object of options for ${what}, got ${show(options)}`);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const known = Object.keys(rules).join(', ');
      throw new GgmaError('OPTION', `expected one of ${known} for ${what}, got ${name}`, { path: name });
    }
    if (!rule.holds(value))
      throw new GgmaError('OPTION', `expected ${rule.expects} for ${name}, got ${show(value)}`, {
        path: name,
      });
  }
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
