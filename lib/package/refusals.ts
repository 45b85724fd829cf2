/**
 * What a newcomer gives `load` in place of a package: a Hugging Face directory, a name on a hub, a GGUF file, nothing at
 * all. Each is told apart, and the message has the command that makes a package of it.
 */
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GgmaError } from '../errors.ts';
import { isAbsent, systemReason } from '../system-error.ts';
import { fileNames } from './names.ts';

/**
 * A package's directory as the caller gave it: a path, or a file: URL.
 * @throws GgmaError OPTION for anything else
 */
export function packagePath(what: string, dir: unknown): string {
  if (typeof dir === 'string' && dir !== '') return dir;
  if (dir instanceof URL && dir.protocol === 'file:') return fileURLToPath(dir);
  const got =
    dir instanceof URL ? dir.href : dir === undefined ? 'nothing' : dir === null ? 'null' : describe(dir);
  throw new GgmaError(
    'OPTION',
    `expected the path of a package's directory as the first argument of ${what}, got ${got}; for example: ${what}('build/out')`,
    { path: 'dir' },
  );
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `dir` cannot be read as a directory. @param cause what the system said; null: it is a file */
export function notADirectory(dir: string, cause: unknown): GgmaError {
  const help = helpFor(dir, cause);
  const got = cause === null ? 'a file' : systemReason(cause);
  return new GgmaError(
    'PACKAGE_NOT_FOUND',
    `expected a package directory, got ${help ?? got}${help === null && isAbsent(cause) ? '; opm makes packages (opm --help)' : ''}`,
    { path: dir, ...(cause === null ? {} : { cause }) },
  );
}

/** What the name itself says, with the command that helps; null: nothing that is known. */
function helpFor(dir: string, cause: unknown): string | null {
  const name = basename(dir);
  if (/\.gguf$/i.test(name))
    return 'a GGUF file, which is not read; take the safetensors of the same model: opm import OWNER/NAME && opm export';
  if (cause === null && /\.(?:circle|ggma)$/.test(name))
    return `a file; a package is the directory that holds it and ${fileNames.config}: ${JSON.stringify(dirname(dir))}`;
  if (cause === null && /\.(?:safetensors|bin|json|model)$/.test(name))
    return `a file of a Hugging Face directory; ${packageOf(dirname(resolve(dir)), dirname(dir))}`;
  // The last part of a path that somebody mistyped looks the same, so both are named.
  if (isAbsent(cause) && /^\w[\w.-]*\/\w[\w.-]*$/.test(dir))
    return `no such folder (ENOENT); if this is a model on a Hugging Face hub: opm import ${dir} && opm export ${name}`;
  return null;
}

/** The files of a package that are not there, and why that may be. */
export function incomplete(
  dir: string,
  names: ReadonlySet<string>,
  needed: readonly string[],
  made: 'import' | 'package' | null,
): GgmaError {
  const missing = needed.filter((name) => !names.has(name));
  const fail = (message: string) => new GgmaError('PACKAGE_INCOMPLETE', message, { path: dir });
  if (missing.includes(fileNames.model)) {
    // opm looks for imports in build/ alone.
    if (made === 'import' && basename(dirname(resolve(dir))) === 'build')
      return fail(`expected a package, got an import; opm export ${basename(resolve(dir))} makes one of it`);
    if ([...names].some((name) => name.endsWith('.safetensors')))
      return fail(
        `expected ${fileNames.model}, got a Hugging Face directory; ${packageOf(resolve(dir), dir)}`,
      );
    if ([...names].some((name) => /\.gguf$/i.test(name)))
      return fail(
        `expected ${fileNames.model}, got GGUF files, which are not read; take the safetensors of the same model: opm import OWNER/NAME && opm export`,
      );
  }
  return fail(`expected ${needed.join(' and ')}, missing ${missing.join(' and ')}`);
}

/** The command that makes a package of a Hugging Face directory. @param shown the directory as its user wrote it */
function packageOf(dir: string, shown: string): string {
  // Without a separator, opm would take the word for a name on a hub if the folder were not there.
  const word = /[/\\]/.test(shown) ? shown : `./${shown}`;
  return `this makes a package of it in build/out: opm import ${quoted(word)} && opm export ${quoted(basename(dir))}`;
}

function quoted(word: string): string {
  return /^[\w./@%+=:-]+$/.test(word) ? word : JSON.stringify(word);
}
