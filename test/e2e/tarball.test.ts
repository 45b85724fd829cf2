/** What `npm pack` makes, as a user gets it: installed into an empty project, on a machine without a compiler. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { prebuildTarget } from '../../lib/native.ts';
import { root } from '../support/root.ts';

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
    try {
      execFileSync('npx', ['--no-install', 'tsx', 'scripts/prebuild.ts'], { cwd: root, stdio: 'pipe' });
      // prepack and prepare would build what has just been built.
      execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', scratch], {
        cwd: root,
        stdio: 'pipe',
      });
    } finally {
      // The loader would go on taking this one after the sources change.
      rmSync(path.join(root, 'prebuilds'), { recursive: true, force: true });
    }
    tarball = path.join(scratch, readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? '');
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

  it('has the addon of this platform, the commands and the demo, and no sources', () => {
    const installed = path.join(project, 'node_modules/ggma');
    assert.ok(existsSync(path.join(installed, 'prebuilds', prebuildTarget(), 'ggma.node')));
    for (const part of ['native', 'lib', 'test', 'scripts', 'build'])
      assert.equal(existsSync(path.join(installed, part)), false, part);
    const { bin } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as { bin: object };
    assert.ok(Object.keys(bin).length >= 15);
    for (const file of Object.values(bin) as string[])
      assert.ok(existsSync(path.join(installed, file)), file);
  });

  it('runs its commands without a compiler', () => {
    assert.equal(bare('gcc', ['--version']).status, null);
    const { stdout, stderr, status } = bare('node_modules/.bin/ggma_run', []);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /detokenized: She liked the flower very much\. /);
  });

  it('loads by require and by import, and its types check', () => {
    writeFileSync(path.join(project, 'a.cjs'), `console.log(typeof require('ggma').load);`);
    writeFileSync(path.join(project, 'b.mjs'), `import { load } from 'ggma'; console.log(typeof load);`);
    for (const file of ['a.cjs', 'b.mjs']) assert.equal(bare('node', [file]).stdout, 'function\n', file);
    writeFileSync(
      path.join(project, 'c.mts'),
      `import { load, type Model } from 'ggma';\nexport const model: Promise<Model> = load('x');\n`,
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

  it('fault 49: says what to do where it has no addon for the machine', () => {
    const installed = path.join(project, 'node_modules/ggma');
    const away = path.join(installed, 'prebuilds');
    rmSync(away, { recursive: true });
    const { stdout, stderr, status } = bare('node_modules/.bin/ggma_run', []);
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^ggma: NATIVE_LOAD: expected a ggma addon that loads on \S+ \(Node [\d.]+\), got none: tried .*packed without an addon for .*`npm pack`.*\n$/,
    );
  });
});
