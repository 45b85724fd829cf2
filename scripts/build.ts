/** Builds everything: dist (one ESM bundle with shared chunks, its types, the filters), a start file per command, the addon. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { commands } from '../lib/cli/commands.ts';
import { oldestNode, version } from '../lib/version.ts';
import { ChunkJoiner } from './join-chunks.ts';
import { buildAddon } from './native.ts';
import { pruneTypes } from './prune-types.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');

const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** Packages that become part of dist, so that nobody has to install them: their licences go with them. */
const bundled = ['yaml', '@dagrejs/dagre', '@dagrejs/graphlib'];

function copyLicenses(): void {
  const target = path.join(dist, 'licenses');
  mkdirSync(target);
  for (const name of bundled)
    copyFileSync(
      path.join(root, 'node_modules', name, 'LICENSE'),
      path.join(target, `${path.basename(name)}.txt`),
    );
}

/** The script and the style of the pages that `o2o view` writes: one file each, which it puts into the page. */
async function buildPage(): Promise<void> {
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

/** What lib imports by name from each of Node's modules. */
function builtinImports(): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const name of readdirSync(path.join(root, 'lib'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(path.join(root, 'lib', name), 'utf8');
    for (const [, names, module] of text.matchAll(/^import \{([^}]*)\} from '(node:[\w/]+)';$/gm)) {
      const known = imports.get(module!) ?? new Set();
      for (const one of names!.split(',')) {
        const [imported] = one.trim().split(' as ');
        if (imported !== '' && !imported!.startsWith('type ')) known.add(imported!);
      }
      imports.set(module!, known);
    }
  }
  return imports;
}

/**
 * `import … from 'node:fs'` looks every property up, and so loads streams; 'node:process' opens the standard ones. Taken
 * from the process instead, a module gives what is asked for, and a start is milliseconds shorter.
 */
const plainBuiltins: Plugin = {
  name: 'plain builtins',
  setup({ onResolve, onLoad }) {
    const imports = builtinImports();
    onResolve({ filter: /^node:/ }, ({ path: name }) => ({ path: name, namespace: 'builtin' }));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path: name }) => {
      const names = [...(imports.get(name) ?? [])].toSorted();
      const builtin = `process.getBuiltinModule(${JSON.stringify(name)})`;
      return {
        contents: `const builtin = ${builtin};\nexport default builtin;\nexport const { ${names.join(', ')} } = builtin;\n`,
      };
    });
  },
};

/** lib/version.ts looks for package.json at each start, in folder after folder; what is built knows its version. */
const knownVersion: Plugin = {
  name: 'known version',
  setup({ onLoad }) {
    onLoad({ filter: /lib\/version\.ts$/ }, () => {
      const constants = Object.entries({ version, oldestNode });
      return {
        contents: constants
          .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};`)
          .join('\n'),
      };
    });
  },
};

async function buildLibrary(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const own = commands.filter(({ file }) => file !== null);
  // Bundled, because a filter that loads a hundred small modules spends more time on that than on its work.
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      index: 'lib/index.ts',
      filter: 'lib/filter.ts',
      'cli/o2o': 'lib/cli/o2o.ts',
      ...Object.fromEntries(own.map(({ name, file }) => [`cli/${name}`, `lib/cli/${file}`])),
    },
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: Object.keys(dependencies),
    plugins: [plainBuiltins, knownVersion],
    // Its build for Node is CommonJS, which cannot be shaken: pipelines need the parser alone.
    alias: { yaml: path.join(root, 'node_modules/yaml/browser/index.js') },
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
    logLevel: 'warning',
  });
  const joiner = new ChunkJoiner(root, metafile.outputs);
  await joiner.join('lib/index.ts', 'dist/chunks/start.js');
  await joiner.join('lib/package/compiled.ts', 'dist/chunks/compile.js');
  await joiner.inline('lib/cli/ggma_run.ts');
  copyLicenses();
  await bundleFilters();
  mkdirSync(path.join(dist, 'bin'), { recursive: true });
  // CommonJS: a start file that is an ES module costs a filter 5 ms.
  writeFileSync(path.join(dist, 'bin/package.json'), '{ "type": "commonjs" }\n');
  for (const { name, file } of commands) {
    const bin = path.join(dist, 'bin', `${name}.js`);
    const start =
      file === null
        ? `require('../cli/start.cjs').start('${name}');`
        : `import('../cli/${name}.js')
  .then(({ main }) => main(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code;
  });`;
    writeFileSync(bin, `#!/usr/bin/env node\n'use strict';\n\n${start}\n`);
    chmodSync(bin, 0o755);
  }
  cacheFilters();
  const { resolve } = createRequire(import.meta.url);
  const tsc = path.join(path.dirname(resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.types.json')], { stdio: 'inherit' });
  pruneTypes(path.join(dist, 'types'), ['index.d.ts', 'filter.d.ts']);
}

/** What o2o loads only when it needs it (its words) stays outside of the filters' one file. */
const leaveToLibrary: Plugin = {
  name: 'leave to the library',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path: name }) =>
      kind === 'dynamic-import' ? { path: name.replace(/\.ts$/, '.js'), external: true } : undefined,
    );
  },
};

/** o2o and the filters in one file (lib/cli/filters.ts), what starts them, and V8's code for it. */
async function bundleFilters(): Promise<void> {
  for (const name of ['start', 'filters'])
    await build({
      absWorkingDir: root,
      entryPoints: [`lib/cli/${name}.ts`],
      outfile: path.join(dist, `cli/${name}.cjs`),
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      external: Object.keys(dependencies),
      plugins: [leaveToLibrary, knownVersion],
      logLevel: 'warning',
    });
}

/** V8's code for the filters, made by running them over the demo's graphs: see scripts/filters-cache.cjs. */
function cacheFilters(): void {
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
    run('scripts/filters-cache.cjs', [dist, scratch], readFileSync(files[1]!));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

await buildLibrary();
await buildPage();
buildAddon();
