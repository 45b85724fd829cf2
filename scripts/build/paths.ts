/** Folders and names that all parts of the build share. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
export const dist: string = path.join(root, 'dist');

const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** Packages that are installed beside ggma, and so stay outside of the bundles. */
export const runtimePackages: readonly string[] = Object.keys(dependencies);
