/** The entries that package.json exports and the commands that are not filters: ES modules with shared chunks, and their types. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { commands } from '../../lib/cli/commands.ts';
import { inlinedEntries, joinedFiles } from '../startup.ts';
import { ChunkJoiner } from './join-chunks.ts';
import { dist, root, runtimePackages } from './paths.ts';
import { knownVersion, plainBuiltins } from './plugins.ts';
import { straightImports } from './straight-imports.ts';
import { pruneTypes } from './prune-types.ts';

/** @returns file of dist → the sources in it */
export async function buildLibrary(): Promise<Map<string, string[]>> {
  const own = commands.filter(({ file }) => file !== null);
  // Bundled, because loading a hundred small modules takes longer than the work of most commands.
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      index: 'lib/index.ts',
      filter: 'lib/filter.ts',
      circle: 'lib/circle-api.ts',
      package: 'lib/package-api.ts',
      'cli/o2o': 'lib/cli/o2o.ts',
      ...Object.fromEntries(own.map(({ name, file }) => [`cli/${name}`, `lib/cli/${file}`])),
    },
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: [...runtimePackages],
    plugins: [plainBuiltins, knownVersion, straightImports],
    // The build of yaml for Node is CommonJS, from which esbuild cannot drop what is unused: only the parser is used.
    alias: { yaml: path.join(root, 'node_modules/yaml/browser/index.js') },
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
    logLevel: 'warning',
  });
  const joiner = new ChunkJoiner(root, metafile.outputs);
  for (const { entry, file } of joinedFiles) await joiner.join(entry, file);
  for (const entry of inlinedEntries) await joiner.inline(entry);
  return joiner.contents();
}

/** dist/types: the declarations that a user's compiler can reach from what package.json exports. */
export function buildTypes(): void {
  const { resolve } = createRequire(import.meta.url);
  const tsc = path.join(path.dirname(resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.types.json')], { stdio: 'inherit' });
  pruneTypes(path.join(dist, 'types'), ['index.d.ts', 'filter.d.ts', 'circle-api.d.ts', 'package-api.d.ts']);
}

/** The script and the style of the pages that `o2o view` writes: one file each, which it puts into the page. */
export async function buildPage(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['lib/view/page/page.ts', 'lib/view/page/page.css'],
    outdir: path.join(dist, 'view'),
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    tsconfig: 'lib/view/page/tsconfig.json',
    logLevel: 'warning',
  });
}
