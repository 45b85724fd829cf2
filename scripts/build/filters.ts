/** o2o and the filters in one CommonJS file (lib/cli/filters.ts), what starts them, and V8's compiled code for them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { dist, root, runtimePackages } from './paths.ts';
import { knownVersion, leaveToLibrary } from './plugins.ts';
import { straightImports } from './straight-imports.ts';

/** @returns file of dist → the sources in it */
export async function bundleFilters(): Promise<Map<string, string[]>> {
  const contents = new Map<string, string[]>();
  for (const name of ['start', 'filters']) {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [`lib/cli/${name}.ts`],
      outfile: path.join(dist, `cli/${name}.cjs`),
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      external: [...runtimePackages],
      plugins: [leaveToLibrary, knownVersion, straightImports],
      metafile: true,
      logLevel: 'warning',
    });
    for (const [file, { inputs }] of Object.entries(metafile.outputs))
      contents.set(
        file,
        Object.keys(inputs).filter((input) => inputs[input]!.bytesInOutput > 0),
      );
  }
  return contents;
}

/** Runs the filters over the demo's graphs, after which V8 has compiled what they need: see filters-cache.cjs. */
export function cacheFilters(): void {
  const scratch = mkdtempSync(path.join(tmpdir(), 'ggma-build-'));
  const run = (file: string, words: string[], input?: Buffer) =>
    execFileSync(process.execPath, [path.join(root, file), ...words], {
      stdio: [input ? 'pipe' : 'ignore', 'inherit', 'inherit'],
      ...(input ? { input } : {}),
    });
  try {
    const files = ['prefill', 'decode_'].map((name) => path.join(scratch, `${name}.circle`));
    for (const [i, mode] of ['prefill', 'decode'].entries())
      run('dist/bin/tinyllama.js', ['--mode', mode, '--output', files[i]!]);
    run('scripts/build/filters-cache.cjs', [dist, scratch], readFileSync(files[1]!));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
