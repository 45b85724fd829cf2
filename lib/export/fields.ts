/** Typed reading of config.json's fields; every complaint says field, rule and value. */
import { GgmaError } from '../errors.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

export class Fields {
  readonly object: JsonObject;
  readonly where: string;
  private readonly prefix: string;

  /** @param prefix what stands before a field's name in messages, for an object inside the file */
  constructor(object: JsonObject, where: string, prefix = '') {
    this.object = object;
    this.where = where;
    this.prefix = prefix;
  }

  /** null and absent are the same: files are written either way. */
  get(name: string): Json | undefined {
    return this.object[name] ?? undefined;
  }

  integer(name: string, initial?: number): number {
    const value = this.get(name) ?? initial;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LARGEST) return value;
    return this.fail(name, `an integer from 1 to ${LARGEST}`);
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

  nested(name: string): Fields | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    return isObject(value) ? new Fields(value, this.where, `${name}.`) : this.fail(name, 'an object');
  }

  fail(name: string, rule: string): never {
    throw new GgmaError(
      'CONFIG',
      `expected ${rule} for ${this.prefix}${name}, got ${show(this.object[name])}`,
      {
        path: this.where,
      },
    );
  }

  unsupported(name: string, expected: string): never {
    const got = show(this.object[name]);
    throw new GgmaError('UNSUPPORTED', `expected ${expected} for ${this.prefix}${name}, got ${got}`, {
      path: this.where,
    });
  }
}

/** Far above any model; keeps products of two sizes exact. */
const LARGEST = 2 ** 24;

function show(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
