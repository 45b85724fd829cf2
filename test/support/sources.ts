/** The project's sources and what they import. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './root.ts';

/** Sources below a folder of the project, as paths from the project's root. Generated ones are left out. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join(folder, file.replaceAll('\\', '/')))
    .filter((file) => /\.(ts|mjs|cjs|js)$/.test(file) && !/\/(generated|node_modules)\//.test(file))
    .toSorted();
}

const known = new Map<string, string[]>();

/** Targets of a source's static and dynamic imports with a relative path, as paths from the project's root. */
export function importsOf(file: string): string[] {
  let found = known.get(file);
  if (found === undefined) {
    const text = readFileSync(path.join(root, file), 'utf8');
    const targets = text.matchAll(/(?:\bfrom|\b(?:tsI|i)mport\()\s*['"`](\.[^'"`]+)['"`]/g);
    found = [...targets].map(([, target]) => path.posix.join(path.posix.dirname(file), target!));
    known.set(file, found);
  }
  return found;
}
