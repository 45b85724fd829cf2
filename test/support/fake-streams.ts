/** Standard streams that keep what is written. */
import { PassThrough, Writable } from 'node:stream';
import type { Streams } from '../../lib/cli/common/index.ts';

export interface FakeStreams extends Streams {
  out(): string;
  err(): string;
}

/** @param failure what every write to stdout fails with */
export function fakeStreams(failure?: NodeJS.ErrnoException): FakeStreams {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const sink = (chunks: Buffer[], error?: Error) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (error === undefined) chunks.push(chunk);
        done(error);
      },
    });
  return {
    stdin: new PassThrough(),
    stdout: sink(stdout, failure),
    stderr: sink(stderr),
    out: () => Buffer.concat(stdout).toString(),
    err: () => Buffer.concat(stderr).toString(),
  };
}
