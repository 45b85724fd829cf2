/**
 * @huggingface/jinja's interpreter with bounds, and with what it lacks beside Python's jinja2. A template comes from a
 * package, so it may be wrong or hostile: an endless loop would hold the event loop, as nothing can interrupt it.
 */
import type { Environment, Interpreter, RuntimeValue, Statement } from '@huggingface/jinja';
import { type PythonJsonOptions, pythonJson } from './python-json.ts';

/** Nodes evaluated: a conversation of a hundred messages takes some ten thousand. */
const MAX_STEPS = 250_000;

/** UTF-16 units of any string that a template makes. */
const MAX_OUTPUT = 8_000_000;

/** `operand | name(args)` in the library's syntax tree. */
interface FilterExpression extends Statement {
  operand: Statement;
  /** An Identifier, or a CallExpression with one as callee. */
  filter: { value?: string; callee?: { value?: string }; args?: Argument[] };
}

interface Argument extends Statement {
  key?: { value: string };
  value?: Statement;
}

type Library = typeof import('@huggingface/jinja');

/** A class made when it is needed: the library that it extends is loaded only when a template is used. */
export function boundedInterpreter(library: Library): new (environment: Environment) => Interpreter {
  // The library has no other way to make a value of its own.
  const toRuntime = (value: unknown): RuntimeValue => new library.Environment().set('value', value);

  return class Bounded extends library.Interpreter {
    #steps = 0;

    override evaluate(statement: Statement | undefined, environment: Environment): RuntimeValue {
      if (++this.#steps > MAX_STEPS)
        throw new Error(`expected at most ${MAX_STEPS} steps, got a template that goes on after them`);
      const own =
        statement?.type === 'FilterExpression'
          ? this.#ownFilter(statement as FilterExpression, environment)
          : null;
      const value = own ?? super.evaluate(statement, environment);
      if (typeof value.value === 'string' && value.value.length > MAX_OUTPUT)
        throw new Error(`expected a text of at most ${MAX_OUTPUT} characters, got a longer one`);
      return value;
    }

    /** Filters that the library does not have, or has in another way than Python; null: it is none of these. */
    #ownFilter({ operand, filter }: FilterExpression, environment: Environment): RuntimeValue | null {
      const name = (filter.callee ?? filter).value;
      if (name === 'tojson') {
        const options = this.#jsonOptions(filter.args ?? [], environment);
        return toRuntime(pythonJson(this.evaluate(operand, environment), options));
      }
      if (name !== 'min' && name !== 'max') return null;
      const { value } = this.evaluate(operand, environment);
      if (!Array.isArray(value)) throw new Error(`expected a list for ${name}, got ${String(value)}`);
      const items = value as RuntimeValue[];
      const isBefore = (a: RuntimeValue, b: RuntimeValue) => (a.value as number) < (b.value as number);
      const wins = name === 'min' ? isBefore : (a: RuntimeValue, b: RuntimeValue) => isBefore(b, a);
      return items.reduce((best, item) => (wins(item, best) ? item : best), items[0] ?? toRuntime(undefined));
    }

    #jsonOptions(args: readonly Argument[], environment: Environment): PythonJsonOptions {
      const given = new Map(
        args.flatMap(({ type, key, value }) =>
          type === 'KeywordArgumentExpression' && key !== undefined
            ? [[key.value, this.evaluate(value, environment).value] as const]
            : [],
        ),
      );
      const separators = given.get('separators');
      return {
        indent: typeof given.get('indent') === 'number' ? (given.get('indent') as number) : null,
        ensureAscii: given.get('ensure_ascii') === true,
        sortKeys: given.get('sort_keys') === true,
        separators: Array.isArray(separators)
          ? [String(separators[0]?.value), String(separators[1]?.value)]
          : null,
      };
    }
  };
}
