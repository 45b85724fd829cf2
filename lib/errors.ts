import type { ErrorCode } from './error-codes.ts';

/** What a {@link GgmaError} may carry beside its code and message. */
export interface GgmaErrorDetails {
  /** The object at fault, for example `subgraphs[0].operators[17].inputs[1]`, or a file's path. */
  path?: string;
  cause?: unknown;
  /** Numbers of the message that a program may act on, for example {promptTokens, contextSize}. */
  values?: Readonly<Record<string, number>>;
}

/** The same symbol in every copy of this file that a process has loaded. */
const BRAND = Symbol.for('ggma.GgmaError');

/**
 * The one error class of ggma. `code` is stable and reads `AREA_PROBLEM` (CIRCLE_CORRUPT, …; docs/errors.md has them
 * all); `message` says what was expected and what was found. Native code throws the same class.
 */
export class GgmaError extends Error {
  override readonly name: string = 'GgmaError';
  readonly code: ErrorCode;
  readonly path?: string;
  /** The property itself is absent where there are no values. */
  declare readonly values?: Readonly<Record<string, number>>;
  /**
   * A process may hold several copies of this class (two versions installed, `import()` beside `require` under a
   * loader), while the addon makes its errors with one of them: `instanceof` holds for all.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && BRAND in value;
  }

  constructor(code: ErrorCode, message: string, details: GgmaErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.path !== undefined) this.path = details.path;
    if (details.values !== undefined) this.values = details.values;
    Object.defineProperty(this, BRAND, { value: true });
  }
}
