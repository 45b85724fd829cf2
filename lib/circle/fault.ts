/**
 * A fault inside the codec on its way up. Each level puts its own step of the path in front while the call unwinds,
 * so that paths cost nothing as long as all is well.
 */
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';

export class Fault extends Error {
  readonly code: ErrorCode;
  #path = '';

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** The same fault, seen from one level up: `step` is a field's name, or `[i]` for an element of a vector. */
  within(step: string): this {
    const joint = this.#path === '' || this.#path.startsWith('[') ? '' : '.';
    this.#path = `${step}${joint}${this.#path}`;
    return this;
  }

  asError(): GgmaError {
    return new GgmaError(this.code, this.message, this.#path === '' ? {} : { path: this.#path });
  }
}

/**
 * An error of the codec or of a check, with the name of the file before its path; every other error as it is. Where a
 * command or a package has read several files, the path alone does not say which one is meant.
 */
export function withFileName(error: unknown, file: string): unknown {
  const isNamed = !(error instanceof GgmaError) || !error.code.startsWith('CIRCLE_') || error.path === file;
  if (isNamed) return error;
  const path = error.path === undefined ? file : `${file}: ${error.path}`;
  return new GgmaError(error.code, error.message, { path, cause: error });
}

/** Runs `work`; a fault leaves it as a GgmaError with its whole path. */
export function reportingFaults<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Fault ? error.asError() : error;
  }
}
