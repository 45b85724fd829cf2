/** Standard streams that keep what is written. */
import { PassThrough, Readable, Writable } from 'node:stream';
import type { Streams } from '../../lib/cli/common/index.ts';

export interface FakeStreams extends Streams {
  out(): string;
  err(): string;
}

/**
 * @param failure what every write to stdout fails with
 * @param input what stdin gives, in these pieces; absent: nothing, and no end
 */
export function fakeStreams(failure?: NodeJS.ErrnoException, input?: readonly Uint8Array[]): FakeStreams {
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
    stdin: input === undefined ? new PassThrough() : Readable.from(input, { objectMode: false }),
    stdout: sink(stdout, failure),
    stderr: sink(stderr),
    out: () => Buffer.concat(stdout).toString(),
    err: () => Buffer.concat(stderr).toString(),
  };
}
