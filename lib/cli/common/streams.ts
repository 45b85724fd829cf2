/** Standard streams as commands use them: data on stdout, all else on stderr. */
import process from 'node:process';
import { systemCode } from '../../system-error.ts';
import { OutputClosed, outputError, UsageError } from './errors.ts';

/** The process's streams; tests pass their own. */
export interface Streams {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Each is made when it is first asked for: that takes milliseconds, which a filter does not need. */
export function processStreams(): Streams {
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
  };
}

/**
 * Resolves when the system has taken the data, so that nothing is lost when the process ends next.
 * @throws OutputClosed when the reader has gone; GgmaError OUTPUT for a full disk and the like
 */
export function writeAll(stream: NodeJS.WritableStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error?: Error | null) => {
      if (error === undefined || error === null) resolve();
      else if (['EPIPE', 'ERR_STREAM_DESTROYED'].includes(systemCode(error) ?? ''))
        reject(new OutputClosed('standard output is closed', { cause: error }));
      else reject(outputError(error));
    });
  });
}

/** Binary data would garble a terminal. @throws UsageError */
export function refuseTerminalOutput({ stdout }: Streams, what: string): void {
  if (stdout.isTTY === true)
    throw new UsageError(`expected standard output to be a file or a pipe for ${what}, got a terminal`);
}

/** Nobody types a model. @throws UsageError */
export function refuseTerminalInput({ stdin }: Streams, what: string): void {
  if (stdin.isTTY === true)
    throw new UsageError(`expected ${what} on standard input, got a terminal (use: < FILE, or a pipe)`);
}
