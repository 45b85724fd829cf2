/** The files of a repository at a revision. */
import { GgmaError } from '../errors.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { Hub } from './client.ts';
import { checkRevision, isOrdinaryPath, type RepoId } from './names.ts';

/** A file as the hub announces it: what comes has to have this size and this content. */
export interface RemoteFile {
  path: string;
  size: number;
  /** Large files: sha256 of the bytes. Others: the name that git gives the content, sha1 of "blob SIZE\0" and it. */
  hash: { algorithm: 'sha256' | 'git-sha1'; hex: string };
}

export interface Listing {
  repo: RepoId;
  /** The commit that the revision stands for: every file is taken from this one. */
  commit: string;
  names: ReadonlySet<string>;
  /** @throws GgmaError IMPORT_LISTING when the hub does not say what the file must be */
  file(name: string): RemoteFile;
}

const MAX_FILE_BYTES = 2 ** 50;

/** @throws GgmaError IMPORT_* */
export async function listFiles(hub: Hub, repo: RepoId, revision: string): Promise<Listing> {
  const where = `/api/models/${repo.id}/revision/${encodeURIComponent(checkRevision(revision))}`;
  const answer = await hub.json(`${where}?blobs=true`);
  const fail = (message: string): never => {
    throw new GgmaError('IMPORT_LISTING', message, { path: where });
  };
  const { sha, siblings } = answer;
  if (typeof sha !== 'string' || !/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(sha))
    return fail(`expected a commit in "sha", got ${JSON.stringify(sha) ?? 'nothing'}`);
  if (!Array.isArray(siblings)) return fail('expected a list of files in "siblings"');
  const entries = new Map<string, JsonObject>();
  for (const entry of siblings) {
    if (!isObject(entry) || typeof entry.rfilename !== 'string')
      return fail('expected a "rfilename" for every file');
    const { rfilename: path } = entry;
    // A hub that lists such a name is not trusted with the other files either.
    if (!isOrdinaryPath(path))
      throw new GgmaError(
        'IMPORT_UNSAFE',
        `expected file names inside the repository, got ${JSON.stringify(path)}`,
        {
          path: where,
        },
      );
    if (entries.has(path)) return fail(`expected each file once, got ${JSON.stringify(path)} again`);
    entries.set(path, entry);
  }
  return {
    repo,
    commit: sha,
    names: new Set(entries.keys()),
    file: (name) => remoteFile(name, entries.get(name) ?? {}, fail),
  };
}

function remoteFile(path: string, entry: JsonObject, fail: (message: string) => never): RemoteFile {
  const lfs = isObject(entry.lfs) ? entry.lfs : null;
  const size = lfs?.size ?? entry.size;
  const hex = lfs === null ? entry.blobId : (lfs.sha256 ?? lfs.oid);
  const shape = lfs === null ? /^[0-9a-f]{40}$/ : /^[0-9a-f]{64}$/;
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > MAX_FILE_BYTES)
    return fail(`expected a size for ${JSON.stringify(path)}, got ${JSON.stringify(size) ?? 'nothing'}`);
  if (typeof hex !== 'string' || !shape.test(hex))
    return fail(`expected a hash for ${JSON.stringify(path)}, got ${JSON.stringify(hex) ?? 'nothing'}`);
  return { path, size, hash: { algorithm: lfs === null ? 'git-sha1' : 'sha256', hex } };
}
