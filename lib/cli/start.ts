/**
 * The first file that a filter's process runs: it compiles filters.cjs with what V8 kept of an earlier compilation, which the
 * build made. Without that, compiling takes 9 of 120 ms. V8 refuses a cache of another version or of other flags and compiles
 * as always. But it does not compare the patches that Node makes to V8: code that 20.20 compiled runs wrongly in 20.19, both
 * V8 11.3.244.8. So the name of the cache has V8's whole version, patches included. Of the source V8 compares the length
 * alone; both files are always of one build.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Script } from 'node:vm';

interface Filters {
  start(name: string, loadLibrary: () => Promise<typeof import('./o2o.ts')>): Promise<void>;
  main: typeof import('./o2o.ts')['main'];
}

function cacheOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** What the cache of this process's V8 is called, for example filters-11.3.244.8-node.38-x64.cache. */
export function cacheName(): string {
  return `filters-${process.versions.v8}-${process.arch}.cache`;
}

/** filters.cjs, compiled and run. */
export function loadFilters(): { script: Script; filters: Filters } {
  const file = path.join(__dirname, 'filters.cjs');
  // The bundle is ASCII, which this reads fastest. The wrapper is that of Node's own modules.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const cachedData = cacheOf(path.join(__dirname, cacheName()));
  const script = new Script(source, { filename: file, ...(cachedData ? { cachedData } : {}) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, file, __dirname);
  return { script, filters: module.exports as Filters };
}

/** Runs the command of that name with the process's arguments. */
export function start(name: string): Promise<void> {
  return loadFilters().filters.start(name, () => import('./o2o.ts'));
}
