import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { checkNode } from '../../lib/check-node.ts';
import { commands } from '../../lib/cli/commands.ts';
import { root } from '../support/root.ts';

const OLD = ['20.18.3', '18.20.0', '8.0.0'];

/** Code that makes Node say it is another one, before the script runs. */
const pretend = (version: string) =>
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
   process.getBuiltinModule = undefined;`;

describe('the version of Node', () => {
  it('is what package.json says, or later', () => {
    for (const version of ['20.19.0', '20.20.2', '22.0.0', '100.1.1']) checkNode(version);
    for (const version of OLD)
      assert.throws(() => checkNode(version), { code: 'NODE_TOO_OLD', message: /20\.19 or later/ });
  });

  it('is checked by every command before it loads anything', () => {
    for (const { name } of commands) {
      const file = path.join(root, 'dist/bin', `${name}.js`);
      // The files of one kind differ in their names alone, so that running one of each kind shows them all.
      assert.match(readFileSync(file, 'utf8'), /NODE_TOO_OLD/, name);
    }
    for (const name of ['ggma_run', 'gc']) {
      const script = `${pretend('18.20.8')} require(${JSON.stringify(path.join(root, 'dist/bin', `${name}.js`))});`;
      const { status, stderr, stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      assert.equal(stderr, 'ggma: NODE_TOO_OLD: expected Node 20.19 or later, got 18.20.8\n', name);
      assert.deepEqual([status, stdout], [1, ''], name);
    }
  });

  it('is checked by the library when it is imported', () => {
    const index = JSON.stringify(path.join(root, 'dist/index.js'));
    const script = `${pretend('18.20.8')}
      import(${index}).catch((error) => console.log(error.name, error.code, error.message));`;
    const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    assert.equal(stdout, 'GgmaError NODE_TOO_OLD expected Node 20.19 or later, got 18.20.8\n');
  });
});
