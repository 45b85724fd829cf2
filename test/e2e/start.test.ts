/** What starting a prepared package loads: the compiler, the reader of Circle files and tokenizers stay on the disk. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from '../../lib/index.ts';
import { demoPackage } from '../support/demo-package.ts';
import { root } from '../support/root.ts';

describe('the start of a package', () => {
  const { dir, remove } = demoPackage();
  after(remove);
  before(async () => {
    for (const name of ['tokenizer.model', 'tokenizer.json']) rmSync(path.join(dir, name));
    await prepare(dir);
  });

  let runs = 0;
  /** The files of dist that a process runs, by what V8 has seen. */
  function loadedBy(words: readonly string[]): string[] {
    const folder = path.join(dir, `coverage-${runs++}`);
    mkdirSync(folder);
    execFileSync(process.execPath, words, {
      env: { ...process.env, NODE_V8_COVERAGE: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const dist = pathToFileURL(path.join(root, 'dist/')).href;
    const urls = readdirSync(folder).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as {
        result: { url: string }[];
      };
      return result.map(({ url }) => url);
    });
    return urls
      .filter((url) => url.startsWith(dist))
      .map((url) => url.slice(dist.length))
      .sort();
  }
  const program = (options: string) => [
    '--input-type=module',
    '-e',
    `import { load } from ${JSON.stringify(path.join(root, 'dist/index.js'))};
    const model = await load(${JSON.stringify(dir)}, ${options});
    await model.complete([1, 2, 3], { maxTokens: 3, ignoreEos: true });
    await model.close();`,
  ];

  it('that is prepared is one file of code', () => {
    const needed = ['chunks/start.js', 'index.js'];
    assert.deepEqual(loadedBy(program('{}')), needed);
    const others = loadedBy(program('{ prepared: false }')).filter((name) => !needed.includes(name));
    // The thread that compiles begins with a file of its own, which the main thread has, too.
    const thread = ['chunks/compile-thread.js', 'chunks/compile.js'];
    const found = [...new Set(others)].filter((name) => !/-\w{8}\.js$/.test(name));
    assert.deepEqual(found, thread, others.join());
    assert.ok(new Set(others).size <= 4, others.join());
  });

  it('by ggma_run is its own file more', () => {
    const files = loadedBy([path.join(root, 'dist/bin/ggma_run.js'), dir, '--ids', '1,2', '-n', '2']);
    assert.deepEqual(
      files.map((name) => name.replace(/-\w{8}\.js$/, '')),
      ['bin/ggma_run.js', 'chunks/package', 'chunks/start.js', 'cli/ggma_run.js'],
    );
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
