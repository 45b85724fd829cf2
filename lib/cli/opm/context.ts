/** Where opm works, and what the environment tells it. Tests pass their own. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import process from 'node:process';
import { madeBy } from '../../make/index.ts';
import type { Manifest } from '../../package/index.ts';

export interface Context {
  /** The folder that `build/` and pipeline.yaml lie in. */
  dir: string;
  env: Readonly<Record<string, string | undefined>>;
}

export function processContext(): Context {
  return { dir: process.cwd(), env: process.env };
}

/** The package's name in build/; no model may be imported under it. */
export const outName = 'out';
export const pipelineName = 'pipeline.yaml';

export function buildDir({ dir }: Context): string {
  return join(dir, 'build');
}

/** A path as the user would type it. */
export function shown({ dir }: Context, path: string): string {
  return relative(dir, path);
}

/**
 * The folders of build/ that ggma made: name → ggma.json. Others are somebody else's, and left alone.
 * @throws GgmaError PACKAGE_VERSION for one that a newer ggma made
 */
export async function madeFolders(context: Context): Promise<Map<string, Manifest>> {
  const made = new Map<string, Manifest>();
  const entries = await readdir(buildDir(context), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const manifest = await madeBy(join(buildDir(context), entry.name));
    if (manifest !== null) made.set(entry.name, manifest);
  }
  return made;
}
