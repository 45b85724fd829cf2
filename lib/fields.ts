/** Reads the fields of a JSON object with their types; every error names field, rule and value. */
import type { ErrorCode } from './error-codes.ts';
import { GgmaError } from './errors.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

export class Fields {
  readonly object: JsonObject;
  readonly where: string;
  readonly #prefix: string;

  /** @param prefix what stands before a field's name in messages, for an object inside the file */
  constructor(object: JsonObject, where: string, prefix = '') {
    this.object = object;
    this.where = where;
    this.#prefix = prefix;
  }

  /** null counts as absent: both ways of writing occur. */
  get(name: string): Json | undefined {
    return this.object[name] ?? undefined;
  }

  /** A count, at least 1. @throws GgmaError CONFIG when it is absent and there is no `initial` */
  integer(name: string, initial?: number): number {
    return this.optionalInteger(name) ?? initial ?? this.fail(name, `an integer from 1 to ${MAX_COUNT}`);
  }

  optionalInteger(name: string, max = MAX_COUNT): number | null {
    const value = this.get(name);
    if (value === undefined) return null;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
    return this.fail(name, `an integer from 1 to ${max}`);
  }

  positive(name: string, initial?: number): number {
    const value = this.get(name) ?? initial;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    return this.fail(name, 'a positive number');
  }

  flag(name: string, initial = false): boolean {
    const value = this.get(name) ?? initial;
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  optionalString(name: string): string | null {
    const value = this.get(name);
    if (value === undefined) return null;
    return typeof value === 'string' ? value : this.fail(name, 'a string');
  }

  /** One token id, a list of them, null or absent. The result has each id once. */
  ids(name: string, vocabSize: number): number[] {
    const value = this.get(name);
    if (value === undefined) return [];
    const list: Json[] = Array.isArray(value) ? value : [value];
    for (const id of list)
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize)
        this.fail(name, `token ids from 0 to ${vocabSize - 1}`);
    return [...new Set(list as number[])];
  }

  nested(name: string): Fields | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    return isObject(value) ? new Fields(value, this.where, `${name}.`) : this.fail(name, 'an object');
  }

  fail(name: string, rule: string): never {
    throw this.#error('CONFIG', name, rule);
  }

  unsupported(name: string, expected: string): never {
    throw this.#error('UNSUPPORTED', name, expected);
  }

  #error(code: ErrorCode, name: string, rule: string): GgmaError {
    const message = `expected ${rule} for ${this.#prefix}${name}, got ${show(this.object[name])}`;
    return new GgmaError(code, message, { path: this.where });
  }
}

/** Far above any model, and small enough that the product of two sizes is an exact number. */
const MAX_COUNT = 2 ** 24;

function show(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
