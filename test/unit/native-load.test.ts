/** How the addon is found, and what is said where it is not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { GgmaError } from '../../lib/errors.ts';
import { loadAddon, prebuildTarget } from '../../lib/native.ts';
import { version } from '../../lib/version.ts';
import { root } from '../support/root.ts';

describe('native: loading', () => {
  it('fault 49: takes the instruction set of GGMA_ISA, and names the choices when it cannot', () => {
    const script = `import('./lib/native.ts').then(({ isa }) => console.log(isa()), console.error)
      .catch((error) => console.log(error.code, error.message));`;
    const run = (name: string) =>
      spawnSync(process.execPath, ['--import', 'tsx', '-e', script], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, GGMA_ISA: name },
      }).stdout.trim();
    assert.equal(run('scalar'), 'scalar');
    assert.match(run('mmx'), /^NATIVE_ISA expected one of .*scalar for the instruction set, got 'mmx'$/);
  });

  it('fault 49: says what to do when there is no addon that loads', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'ggma-'));
    try {
      const target = `${os.platform()}-${os.arch()}`;
      assert.throws(
        () => loadAddon(directory),
        (error: GgmaError) => {
          assert.equal(error.code, 'NATIVE_LOAD');
          assert.match(
            error.message,
            new RegExp(
              `on ${target} \\(Node [\\d.]+\\), got none: tried .*build/Release/ggma.node \\(missing\\)`,
            ),
          );
          assert.match(error.message, /Compile it from the sources in this package: `npx ggma compile`/);
          return true;
        },
      );
      writeFileSync(path.join(directory, 'Makefile'), '');
      assert.throws(() => loadAddon(directory), /Build it: `make` in that folder/);
      mkdirSync(path.join(directory, 'prebuilds', target), { recursive: true });
      writeFileSync(path.join(directory, 'prebuilds', target, 'ggma.node'), 'not a library');
      assert.throws(
        () => loadAddon(directory),
        (error: GgmaError) => error.code === 'NATIVE_LOAD' && error.cause instanceof Error,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('takes the addon that was built in the folder before one that came with the package', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'ggma-'));
    try {
      const built = path.join(directory, 'build/Release/ggma.node');
      const prebuilt = path.join(directory, 'prebuilds', prebuildTarget(), 'ggma.node');
      for (const file of [built, prebuilt]) mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(built, 'not a library');
      copyFileSync(path.join(root, 'build/Release/ggma.node'), prebuilt);
      // What does not load is passed over, for example a build of another system in a shared folder.
      assert.equal(loadAddon(directory).version, version);
      rmSync(built);
      copyFileSync(prebuilt, built);
      // Removed, not overwritten: this process has the file mapped.
      rmSync(prebuilt);
      writeFileSync(prebuilt, 'not a library');
      assert.equal(loadAddon(directory).version, version);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
