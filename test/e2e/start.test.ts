/** What starting a process loads, held to the table in scripts/startup.ts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from '../../lib/index.ts';
import { bundlesFile, lazyImports, type StartName, starts } from '../../scripts/startup.ts';
import { demoPackage } from '../support/demo-package.ts';
import { root } from '../support/root.ts';
import { sourcesIn } from '../support/sources.ts';

describe('imports that wait until they are needed', () => {
  it('are those of the table in scripts/startup.ts', () => {
    const found = sourcesIn('lib')
      .filter((file) => !file.startsWith('lib/view/page/'))
      .flatMap((file) => {
        const text = readFileSync(path.join(root, file), 'utf8').replaceAll(
          /\/\*[\s\S]*?\*\/|typeof import\(/g,
          '',
        );
        return [...text.matchAll(/\bimport\('([^']+)'\)/g)].map(
          ([, to]) => `${file.slice('lib/'.length)} → ${to}`,
        );
      });
    const declared = lazyImports.map(({ from, to }) => `${from} → ${to}`);
    assert.deepEqual([...new Set(found)].toSorted(), declared.toSorted());
  });
});

describe('the start of a package', () => {
  const { dir, remove } = demoPackage();
  after(remove);
  before(async () => {
    for (const name of ['tokenizer.model', 'tokenizer.json']) rmSync(path.join(dir, name));
    await prepare(dir);
  });

  let runs = 0;
  /** The files of dist that a process runs, by what V8 has seen. */
  function loadedBy(words: readonly string[], input?: Buffer): string[] {
    const folder = path.join(dir, `coverage-${runs++}`);
    mkdirSync(folder);
    execFileSync(process.execPath, words, {
      env: { ...process.env, NODE_V8_COVERAGE: folder },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'inherit'],
      ...(input === undefined ? {} : { input }),
    });
    const dist = pathToFileURL(path.join(root, 'dist/')).href;
    const urls = readdirSync(folder).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as {
        result: { url: string }[];
      };
      return result.map(({ url }) => url);
    });
    // A file that two threads have is there twice.
    const files = urls.filter((url) => url.startsWith(dist)).map((url) => url.slice(dist.length));
    return [...new Set(files)].sort();
  }

  const bundles = JSON.parse(readFileSync(path.join(root, bundlesFile), 'utf8')) as Record<string, string[]>;

  /** The files, and the sources in them, are those of the table. */
  function check(name: StartName, files: readonly string[]): void {
    const { sources } = starts[name];
    // Chunks with a hash in their names only pass on what a joined file has.
    const joined = files.filter((file) => !/-\w{8}\.js$/.test(file));
    assert.deepEqual(joined, starts[name].files);
    assert.ok(files.length - joined.length <= 2, files.join());
    const strangers = files
      .flatMap((file) => bundles[`dist/${file}`] ?? [])
      .filter((source) => source.startsWith('lib/'))
      .filter((source) => !sources.some((part) => source.slice('lib/'.length).startsWith(part)));
    assert.deepEqual(strangers, [], name);
  }

  const program = (options: string) => [
    '--input-type=module',
    '-e',
    `import { load } from ${JSON.stringify(path.join(root, 'dist/index.js'))};
    const model = await load(${JSON.stringify(dir)}, ${options});
    await model.complete([1, 2, 3], { maxTokens: 3, ignoreEos: true });
    await model.close();`,
  ];

  it('that is prepared loads what a run needs, in one file', () => {
    check('prepared', loadedBy(program('{}')));
    assert.ok(bundles['dist/chunks/start.js']!.includes('lib/runtime/model.ts'), 'the build tells sources');
  });

  it('that is not prepared loads the compiler as well', () => {
    check('exported, ids', loadedBy(program('{ prepared: false }')));
  });

  it('by ggma_run is its own file more', () => {
    check(
      'prepared, ggma_run',
      loadedBy([path.join(root, 'dist/bin/ggma_run.js'), dir, '--ids', '1,2', '-n', '2']),
    );
  });

  it('of a filter has nothing but filters in it', () => {
    const strangers = starts.filter.files
      .flatMap((file) => bundles[`dist/${file}`]!)
      .filter((source) => !starts.filter.sources.some((part) => source.slice('lib/'.length).startsWith(part)))
      .filter((source) => source !== 'lib/cli/start.ts');
    assert.deepEqual(strangers, []);
  });

  it('has no code twice: an error is a GgmaError wherever it comes from', () => {
    const index = JSON.stringify(path.join(root, 'dist/index.js'));
    const script = `import { GgmaError, load } from ${index};
      for (const dir of ['nowhere', ${JSON.stringify(path.join(root, 'models/lily'))}])
        await load(dir).then(() => process.exit(1), (error) => { if (!(error instanceof GgmaError)) throw error; });
      const { GgmaError: other } = await import(${JSON.stringify(path.join(root, 'dist/filter.js'))});
      if (other !== GgmaError) process.exit(1);`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script]);
  });
});
