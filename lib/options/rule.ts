/** What values an option may have: said once, for the check, its message, the page's type and the command's parser. */

export interface Rule<T> {
  /** How a command reads it, and how native code does. */
  readonly kind: 'integer' | 'number' | 'flag' | 'texts' | 'choice' | 'other';
  /** The TypeScript type, as pages show it. */
  readonly type: string;
  /** Completes "expected … for <name>". */
  readonly expects: string;
  holds(value: unknown): value is T;
}

export interface NumberRule extends Rule<number> {
  readonly kind: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
}

export function isNumberRule(rule: Rule<unknown>): rule is NumberRule {
  return rule.kind === 'integer' || rule.kind === 'number';
}

export function integer(min: number, max: number): NumberRule {
  return {
    ...{ kind: 'integer', type: 'number', min, max },
    expects: `an integer from ${min} to ${max}`,
    holds: (value): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
  };
}

export function number(min: number, max: number): NumberRule {
  return {
    ...{ kind: 'number', type: 'number', min, max },
    expects: `a number from ${min} to ${max}`,
    holds: (value): value is number => typeof value === 'number' && value >= min && value <= max,
  };
}

export const flag: Rule<boolean> = {
  ...{ kind: 'flag', type: 'boolean', expects: 'true or false' },
  holds: (value): value is boolean => typeof value === 'boolean',
};

export function choice<const T extends string>(...values: readonly T[]): Rule<T> {
  const quoted = values.map((value) => `'${value}'`);
  return {
    ...{ kind: 'choice', type: quoted.join(' | '), expects: quoted.join(' or ') },
    holds: (value): value is T => values.some((one) => one === value),
  };
}

export const abortSignal: Rule<AbortSignal> = {
  ...{ kind: 'other', type: 'AbortSignal', expects: 'an AbortSignal' },
  holds: (value): value is AbortSignal => value instanceof AbortSignal,
};

/** @param type the function's type, as pages show it; what it takes and returns cannot be checked */
export function callback<T extends (...parameters: never[]) => unknown>(type: string): Rule<T> {
  return {
    ...{ kind: 'other', type, expects: 'a function' },
    holds: (value): value is T => typeof value === 'function',
  };
}

/** One or more strings, each of them not empty and well-formed. @param maxLength UTF-16 units of all together */
export function texts(maxLength: number): Rule<string | readonly string[]> {
  return {
    ...{ kind: 'texts', type: 'string | readonly string[]' },
    expects: `one or more non-empty, well-formed strings (${maxLength} characters in all)`,
    holds: (value): value is string | readonly string[] => {
      const list: unknown[] = Array.isArray(value) ? value : [value];
      let length = 0;
      for (const text of list) {
        // A lone surrogate can never be in a text, and would break the rule that characters are not cut.
        if (typeof text !== 'string' || text === '' || /\p{Surrogate}/u.test(text)) return false;
        length += text.length;
      }
      return length <= maxLength;
    },
  };
}
