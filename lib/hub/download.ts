/** One file from the hub to the disk: continued where it stopped, counted, hashed, and only then given its name. */
import { GgmaError } from '../errors.ts';
import type { Hub } from './client.ts';
import type { Listing, RemoteFile } from './listing.ts';
import { diskErrors, hasContent, PartFile } from './part.ts';
import { TemporaryFailure } from './retry.ts';

/** An attempt that brought so many bytes more than any before counts as progress: the count of failures begins again. */
const worthwhile = 64 * 1024;

/**
 * @param target where the file shall lie; its folder exists
 * @param onBytes told how many bytes of the file are there, whenever that changes
 * @throws GgmaError IMPORT_*; the signal's reason. A part stays for the next time, unless its content is wrong.
 */
export async function download(
  hub: Hub,
  { repo, commit }: Pick<Listing, 'repo' | 'commit'>,
  file: RemoteFile,
  target: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const url = `/${repo.id}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  // An earlier run may have fetched this file before it was stopped.
  if (!(await hasContent(target, file))) {
    const part = new PartFile(target, file);
    let most = 0;
    const count = (bytes: number): void => {
      most = Math.max(most, bytes);
      onBytes(bytes);
    };
    await hub.retrying(async () => {
      const before = most;
      try {
        await attempt(hub, url, file, part, count);
      } catch (error) {
        if (!(error instanceof TemporaryFailure) || most - before < worthwhile) throw error;
        throw new TemporaryFailure(error.final, { pause: error.pause, progressed: true });
      }
    });
    await part.finish();
  }
  onBytes(file.size);
}

async function attempt(
  hub: Hub,
  url: string,
  file: RemoteFile,
  part: PartFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const kept = await part.resumable();
  let at = kept?.size ?? 0;
  if (at < file.size || at === 0) {
    const headers = kept === null ? {} : { range: `bytes=${at}-`, 'if-range': kept.etag };
    const response = await hub.get(url, headers);
    if (response.status === 416) return restart(response, part, 'a range that the server has');
    if (response.status === 206 && !continues(response, at, file.size))
      return restart(response, part, `the bytes from ${at} on`);
    // The whole file: the server knows no ranges, or its content has changed.
    if (response.status === 200) at = 0;
    at = await receive(hub, response, file, part, at, onBytes);
    if (at < file.size) throw new TemporaryFailure(sizeError(url, file, at));
  }
  if (await part.isRight()) return;
  await part.discard();
  const error = new GgmaError(
    'IMPORT_HASH',
    `expected ${file.hash.algorithm} ${file.hash.hex} for ${file.path}, got other content`,
    { path: url },
  );
  // What came in pieces may be of two versions: once more in one piece.
  throw kept === null ? error : new TemporaryFailure(error);
}

/** Appends the body to the part; returns the bytes that are there now. */
async function receive(
  hub: Hub,
  response: Response,
  file: RemoteFile,
  part: PartFile,
  from: number,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const handle = await part.open(from, response.headers.get('etag'));
  let at = from;
  try {
    onBytes(at);
    for await (const chunk of hub.body(response)) {
      if (at + chunk.length > file.size) {
        await part.discard();
        throw sizeError(response.url, file, at + chunk.length);
      }
      await diskErrors(file.path, () => handle.writeFile(chunk));
      at += chunk.length;
      onBytes(at);
    }
  } finally {
    await handle.close();
  }
  return at;
}

/** `Content-Range: bytes FROM-TO/SIZE` has to be what was asked for. */
function continues(response: Response, from: number, size: number): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  return range !== null && Number(range[1]) === from && (range[3] === '*' || Number(range[3]) === size);
}

async function restart(response: Response, part: PartFile, expected: string): Promise<never> {
  await response.body?.cancel();
  await part.discard();
  throw new TemporaryFailure(
    new GgmaError('IMPORT_SERVER', `expected ${expected}, got status ${response.status} for others`, {
      path: response.url.replace(/\?.*/, ''),
    }),
  );
}

function sizeError(url: string, { path, size }: RemoteFile, got: number): GgmaError {
  return new GgmaError(
    'IMPORT_SIZE',
    `expected ${size} bytes for ${path}, got ${got}${got > size ? ' or more' : ''}`,
    {
      path: url.replace(/\?.*/, ''),
    },
  );
}
