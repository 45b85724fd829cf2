/**
 * The first file that a filter's process runs: it compiles filters.cjs with what V8 kept of an earlier compilation
 * (filters.cache, made by the build). Compiling anew took 9 of 120 ms. V8 refuses a cache of another
 * version or other flags and compiles as always; of the source it compares the length alone, so both files are of one build.
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

/** filters.cjs, compiled and run. */
export function loadFilters(): { script: Script; filters: Filters } {
  const file = path.join(__dirname, 'filters.cjs');
  // The bundle is ASCII, which this reads fastest. The wrapper is that of Node's own modules.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const cachedData = cacheOf(path.join(__dirname, 'filters.cache'));
  const script = new Script(source, { filename: file, ...(cachedData ? { cachedData } : {}) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, file, __dirname);
  return { script, filters: module.exports as Filters };
}

/** Runs the command of that name with the process's arguments. */
export function start(name: string): Promise<void> {
  return loadFilters().filters.start(name, () => import('./o2o.ts'));
}
