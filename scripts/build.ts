/** Builds everything: dist (one ESM bundle with shared chunks, its types, the filters), a start file per command, the addon. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { commands } from '../lib/cli/commands.ts';
import { buildAddon } from './native.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');

async function buildLibrary(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  // Bundled, because a filter that loads a hundred small modules spends more time on that than on its work.
  await build({
    absWorkingDir: root,
    entryPoints: { index: 'lib/index.ts', 'cli/main': 'lib/cli/main.ts' },
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    chunkNames: 'chunks/[name]-[hash]',
    logLevel: 'warning',
  });
  await buildFilters();
  mkdirSync(path.join(dist, 'bin'), { recursive: true });
  // CommonJS: a start file that is an ES module costs a filter 5 ms.
  writeFileSync(path.join(dist, 'bin/package.json'), '{ "type": "commonjs" }\n');
  for (const { name, load } of commands) {
    const file = path.join(dist, 'bin', `${name}.js`);
    const start =
      load === null
        ? `require('../cli/filters.cjs').start('${name}');`
        : `import('../cli/main.js').then(({ start }) => start('${name}'));`;
    writeFileSync(file, `#!/usr/bin/env node\n'use strict';\n\n${start}\n`);
    chmodSync(file, 0o755);
  }
  const { resolve } = createRequire(import.meta.url);
  const tsc = path.join(path.dirname(resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.types.json')], { stdio: 'inherit' });
}

/** o2o and the filters in one file: see lib/cli/filters.ts. */
async function buildFilters(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['lib/cli/filters.ts'],
    outfile: path.join(dist, 'cli/filters.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
  });
}

await buildLibrary();
buildAddon();
