/** Builds everything: dist (the library, its types, the commands, the page of `o2o view`) and the addon. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorLine } from '../lib/cli/common/index.ts';
import { GgmaError } from '../lib/errors.ts';
import { writeBins } from './build/bins.ts';
import { copyForeignFiles } from './build/copies.ts';
import { bundleFilters, cacheFilters } from './build/filters.ts';
import { buildLibrary, buildPage, buildTypes } from './build/library.ts';
import { dist, root } from './build/paths.ts';
import { buildAddon } from './native.ts';
import { bundlesFile } from './startup.ts';

async function main(): Promise<void> {
  // First, because it is what a machine may lack the tools for.
  buildAddon();
  rmSync(dist, { recursive: true, force: true });
  const bundles = [...(await buildLibrary()), ...(await bundleFilters())];
  writeFileSync(path.join(root, bundlesFile), JSON.stringify(Object.fromEntries(bundles), null, 2));
  await buildPage();
  copyForeignFiles();
  writeBins();
  cacheFilters();
  buildTypes();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof GgmaError)) throw error;
  process.stderr.write(errorLine(error));
  process.exitCode = 1;
}
