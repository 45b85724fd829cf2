/** How a command ends other than by returning. */
import { GgmaError } from '../../errors.ts';
import { systemReason } from '../../system-error.ts';

export const exitCode = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The process that read standard output has ended (`| head`): the command stops without an error. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** What the system says against writing to standard output or standard error. */
export function outputError(cause: unknown): GgmaError {
  return new GgmaError('OUTPUT', `expected to write to standard output, got: ${systemReason(cause)}`, {
    cause,
  });
}

/** `ggma: CODE: message`, always one line. */
export function errorLine(error: unknown): string {
  const [code, message] = describe(error);
  return `ggma: ${code}: ${message.replace(/\s*[\r\n]+\s*/g, ' ').trim()}\n`;
}

function describe(error: unknown): [code: string, message: string] {
  if (error instanceof GgmaError) {
    const { code, message, path } = error;
    return [code, path === undefined || message.includes(path) ? message : `${message} (${path})`];
  }
  if (error instanceof UsageError) return ['USAGE', error.message];
  return ['INTERNAL', error instanceof Error ? error.message : String(error)];
}
