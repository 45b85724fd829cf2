/**
 * Checks of names that come from others: repository ids, revisions, and the file names of a listing. They become parts of
 * URLs and paths, so a name that could lead out of the repository or the folder is refused first.
 */
import { GgmaError } from '../errors.ts';

export interface RepoId {
  /** As the hub spells it: `name` or `owner/name`. */
  id: string;
  name: string;
}

/** The hub's rules for one part of an id. */
const idPart = /^[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;

/** @throws GgmaError IMPORT_NAME */
export function parseRepoId(text: string): RepoId {
  const parts = text.split('/');
  const name = parts.at(-1)!;
  const isId =
    parts.length <= 2 &&
    parts.every((part) => idPart.test(part) && !part.includes('..') && !part.includes('--')) &&
    isPortableName(name);
  if (isId) return { id: text, name };
  throw new GgmaError(
    'IMPORT_NAME',
    `expected a directory, or a repository like owner/name, got ${JSON.stringify(text)}`,
  );
}

/** A branch, a tag, a commit or refs/pr/N. @throws GgmaError IMPORT_NAME */
export function checkRevision(revision: string): string {
  if (/^\w[\w./+-]{0,199}$/.test(revision) && !/\.\.|\/\/|\/\.|[./]$/.test(revision)) return revision;
  throw new GgmaError(
    'IMPORT_NAME',
    `expected a branch, tag or commit as revision, got ${JSON.stringify(revision)}`,
  );
}

/** Devices on Windows, whatever the extension: opening CON.safetensors there would not open a file. */
const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** A plain file name that means the same on every system. */
export function isPortableName(name: string): boolean {
  return /^[A-Za-z0-9_][\w.+-]{0,199}$/.test(name) && !name.endsWith('.') && !device.test(name);
}

/** A path as git keeps it: relative, in parts, none of them special. A hub that sends others is not to be trusted. */
export function isOrdinaryPath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (path === '' || path.length > 4096 || /[\x00-\x1f\\]/.test(path) || /^[A-Za-z]:/.test(path))
    return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
