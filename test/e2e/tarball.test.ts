/** What `npm pack` makes, as a user gets it: installed into an empty project, on a machine without a compiler. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { prebuildTarget } from '../../lib/native.ts';
import { pack } from '../support/installed.ts';
import { linksOf } from '../support/markdown.ts';
import { root } from '../support/root.ts';

const long = process.env.GGMA_LONG === '1';

describe('the tarball', function () {
  this.timeout(300_000);
  let scratch = '';
  let tarball = '';
  let project = '';
  let env: NodeJS.ProcessEnv = {};

  /** Only Node, npm and a shell: what needs a compiler fails. */
  const bare = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { cwd: project, env, encoding: 'utf8' });

  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-tarball-'));
    tarball = pack(scratch);
    const bin = path.join(scratch, 'bin');
    mkdirSync(bin);
    for (const tool of ['node', 'npm', 'sh'])
      symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), path.join(bin, tool));
    env = { ...process.env, PATH: bin };
    project = path.join(scratch, 'project');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{ "name": "service", "private": true }');
    const { status, stderr } = bare('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      tarball,
    ]);
    assert.equal(status, 0, stderr);
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it('has the addon of this platform, its sources, the commands and the demo, and no others', () => {
    const installed = path.join(project, 'node_modules/ggma');
    assert.ok(existsSync(path.join(installed, 'prebuilds', prebuildTarget(), 'ggma.node')));
    for (const part of ['native/core', 'CMakeLists.txt', 'dist/headers/napi.h'])
      assert.ok(existsSync(path.join(installed, part)), part);
    for (const part of ['test', 'scripts', 'build', 'Makefile'])
      assert.equal(existsSync(path.join(installed, part)), false, part);
    // The schema, which the pages name.
    const lib = readdirSync(path.join(installed, 'lib'), { recursive: true, withFileTypes: true });
    assert.deepEqual(
      lib.filter((entry) => entry.isFile()).map(({ name }) => name),
      ['circle.fbs'],
    );
    for (const part of [
      'index.js',
      'filter.js',
      'circle.js',
      'package.js',
      'types/index.d.ts',
      'types/filter.d.ts',
    ])
      assert.ok(existsSync(path.join(installed, 'dist', part)), part);
    const { bin } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as { bin: object };
    assert.ok(Object.keys(bin).length >= 15);
    for (const file of Object.values(bin) as string[])
      assert.ok(existsSync(path.join(installed, file)), file);
  });

  it('has every page that its pages lead to', () => {
    const installed = path.join(project, 'node_modules/ggma');
    const pages = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.md') && !file.includes('node_modules'),
    );
    assert.ok(pages.length >= 9, pages.join(' '));
    let links = 0;
    for (const page of pages)
      for (const target of linksOf(readFileSync(path.join(installed, page), 'utf8'))) {
        links++;
        assert.ok(existsSync(path.join(installed, path.dirname(page), target)), `${page}: ${target}`);
      }
    assert.ok(links >= 18, `${links} links`);
  });

  it('runs its commands without a compiler', () => {
    assert.equal(bare('gcc', ['--version']).status, null);
    const { stdout, stderr, status } = bare('node_modules/.bin/ggma_run', []);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /detokenized: +She liked the flower very much\. /);
  });

  it('says what it is by `npx ggma`, and runs the other commands by that name', () => {
    const { stdout, stderr, status } = bare('npm', ['exec', '--no', '--', 'ggma']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^ggma v\d+\.\d+\.\d+ \(Node .*; addon v/);
    for (const word of ['run', 'opm', 'o2o', 'compile']) assert.match(stdout, new RegExp(`^  ${word} `, 'm'));
    assert.match(bare('node_modules/.bin/ggma', ['run', '--version']).stdout, /^ggma_run v/);
    assert.match(bare('node_modules/.bin/ggma', ['o2o', 'gc', '--version']).stdout, /^gc v/);
    const wrong = bare('node_modules/.bin/ggma', ['walk']);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /^ggma: USAGE: expected one of run, opm, o2o, compile, got walk/);
  });

  it('takes what the README says: so many packages, so many MB', () => {
    const modules = path.join(project, 'node_modules');
    const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, object>;
    };
    const packages = Object.keys(lock.packages).filter((name) => name !== '').length;
    const bytes = readdirSync(modules, { recursive: true, encoding: 'utf8' })
      .map((file) => lstatSync(path.join(modules, file)))
      // As `du -sm` counts: whole blocks, for folders too.
      .reduce((sum, stats) => sum + Math.ceil(stats.size / 4096) * 4096, 0);
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const claims = [
      /(\d+) packages, (\d+) MB installed/.exec(readme),
      /^\| ggma \| (\d+) \| (\d+) \|$/m.exec(readme),
    ].map((found) => found?.slice(1).map(Number));
    for (const claim of claims) {
      assert.equal(claim?.[0], packages, `${packages} packages`);
      // Rounded, and the addon of another compiler is a little larger or smaller.
      assert.ok(
        Math.abs(claim![1]! - bytes / 2 ** 20) <= 1,
        `${(bytes / 2 ** 20).toFixed(1)} MB, not ${claim![1]}`,
      );
    }
  });

  it('loads by require and by import, and runs', () => {
    const dir = path.join(scratch, 'package');
    const demo = path.join(project, 'node_modules/ggma/models/lily');
    for (const words of [
      ['opm', 'import', demo],
      ['opm', 'export'],
    ]) {
      const { status, stderr } = bare(`node_modules/.bin/${words[0]}`, words.slice(1));
      assert.equal(status, 0, stderr);
    }
    renameSync(path.join(project, 'build/out'), dir);
    const work = `load(${JSON.stringify(dir)}).then(async (model) => {
      console.log((await model.complete('Once upon a time,', { maxTokens: 8 })).text);
      await model.close();
    });`;
    const files = {
      'a.cjs': `const { load } = require('ggma');\n${work}`,
      'b.mjs': `import { load } from 'ggma';\n${work}`,
    };
    for (const [file, text] of Object.entries(files)) {
      writeFileSync(path.join(project, file), text);
      const { stdout, stderr, status } = bare('node', [file]);
      // A warning would be on standard error: that requiring an ES module is experimental, say.
      assert.equal(stderr, '', file);
      assert.equal(status, 0, file);
      assert.equal(stdout, ' there was a little girl named Zoe.\n', file);
    }
    writeFileSync(path.join(project, 'd.cjs'), `console.log(typeof require('ggma/filter').runFilter);`);
    assert.equal(bare('node', ['d.cjs']).stdout, 'function\n');
  });

  it('has types that check', () => {
    writeFileSync(
      path.join(project, 'c.mts'),
      `import { load, type Model } from 'ggma';
       import { type CircleModel, openCircle, quantize } from 'ggma/circle';
       import { type Filter, runFilter, simpleFilter } from 'ggma/filter';
       import { importModel, type ImportModelOptions, makePackage, verifyPackage } from 'ggma/package';
       const wanted: ImportModelOptions = { from: 'a/b', to: new URL('file:///x'), onProgress: (at) => void at.stage };
       export const changed: Promise<boolean> = importModel(wanted).then((imported) => imported.changed);
       export const warnings: Promise<string[]> = makePackage({ from: 'x', to: 'y' }).then((made) => made.warnings);
       export const errors: Promise<number> = verifyPackage('y').then((found) => found.errors);
       export const circle: CircleModel = openCircle('x.circle').model;
       export const count: number = quantize(openCircle('x.circle').module, { dtype: 'q8_0' }).changed;
       export const model: Promise<Model> = load('x');
       export const filter: Filter = simpleFilter('a', 'b', ({ graphs }) => (
         { changed: graphs.length, candidates: 0, what: '', reasons: [] }));
       export const done: Promise<void> = runFilter(filter);`,
    );
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const typeRoots = path.join(root, 'node_modules/@types');
    const words = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023,esnext.disposable',
    ];
    const { stdout, status } = spawnSync(
      process.execPath,
      [tsc, ...words, '--typeRoots', typeRoots, '--types', 'node', 'c.mts'],
      { cwd: project, encoding: 'utf8' },
    );
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  it('is clean for publint and arethetypeswrong', () => {
    const run = (words: string[]) =>
      spawnSync('npx', ['--no-install', ...words], { cwd: root, encoding: 'utf8' });
    const lint = run(['publint', 'run', tarball, '--strict']);
    assert.equal(lint.status, 0, lint.stdout);
    const types = run(['attw', tarball, '--profile', 'esm-only']);
    assert.equal(types.status, 0, types.stdout);
  });

  it('fault 49: says what to do where it has no addon for the machine, and where it has no compiler', () => {
    rmSync(path.join(project, 'node_modules/ggma/prebuilds'), { recursive: true });
    const { stdout, stderr, status } = bare('node_modules/.bin/ggma_run', []);
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^ggma: NATIVE_LOAD: expected a ggma addon that loads on \S+ \(Node [\d.]+\), got none: tried .*`npx ggma compile`.*\n$/,
    );
    // The overview still comes, and has the reason.
    assert.match(bare('node_modules/.bin/ggma', []).stdout, /NATIVE_LOAD.*`npx ggma compile`/);
    const compiled = bare('node_modules/.bin/ggma', ['compile']);
    assert.equal(compiled.status, 1);
    assert.match(
      compiled.stderr,
      /^ggma: COMPILER: expected CMake .* and a C\+\+17 compiler .*, got no cmake on the PATH.*\n$/,
    );
  });

  it('compiles its addon where there is a compiler (GGMA_LONG)', function () {
    if (!long) return;
    this.timeout(1_200_000);
    const words = ['node_modules/.bin/ggma', ['compile']] as const;
    const { status, stdout, stderr } = spawnSync(...words, { cwd: project, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /build\/Release\/ggma\.node: v\d/);
    assert.match(
      bare('node_modules/.bin/ggma_run', []).stdout,
      /detokenized: +She liked the flower very much\. /,
    );
  });
});
