/**
 * Other versions of Node (GGMA_LONG): npm's node-… packages bring their binaries. Each loads the library, generates with the
 * demo and runs a pipe of filters; older ones say what they lack.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { oldestNode } from '../../lib/version.ts';
import { root } from '../support/root.ts';

const long = process.env.GGMA_LONG === '1';
const good = [oldestNode, '22', '24', '26'];
const old = ['16', '18'];

describe('versions of Node (GGMA_LONG)', function () {
  this.timeout(900_000);
  let scratch = '';
  before(() => {
    if (!long) return;
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-engines-'));
    writeFileSync(path.join(scratch, 'package.json'), '{ "private": true }');
    const platform = os.platform() === 'win32' ? 'win' : os.platform();
    const packages = [...good, ...old].map(
      (version) => `node-${version}@npm:node-${platform}-${os.arch()}@${version}`,
    );
    execFileSync('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: scratch, stdio: 'pipe' });
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const bin = (name: string) => path.join(root, 'dist/bin', `${name}.js`);
  const run = (version: string, words: readonly string[], input?: Buffer) =>
    spawnSync(path.join(scratch, 'node_modules', `node-${version}`, 'bin/node'), words, {
      cwd: scratch,
      maxBuffer: 2 ** 28,
      ...(input === undefined ? {} : { input }),
    });

  for (const version of good)
    it(`${version} loads, generates and runs filters, with the results of this one`, () => {
      if (!long) return;
      const words = [bin('ggma_run'), '-n', '20', '--json'];
      const { stdout, stderr, status } = run(version, words);
      assert.equal(status, 0, stderr.toString());
      const idsOf = (text: string) => (JSON.parse(text) as { ids: number[] }).ids;
      const here = execFileSync(process.execPath, words, { encoding: 'utf8' });
      assert.deepEqual(idsOf(stdout.toString()), idsOf(here));

      const dir = path.join(scratch, `graphs-${version}`);
      mkdirSync(dir);
      const exported = run(version, [
        bin('tinyllama'),
        '--mode',
        'decode',
        '--output',
        path.join(dir, 'decode'),
      ]);
      assert.equal(exported.status, 0, exported.stderr.toString());
      const filtered = (node: string | null) => {
        const input = execFileSync('cat', [path.join(dir, 'decode')], { maxBuffer: 2 ** 28 });
        const result =
          node === null
            ? spawnSync(process.execPath, [bin('fuse.attention')], { input, maxBuffer: 2 ** 28 })
            : run(node, [bin('fuse.attention')], input);
        assert.equal(result.status, 0, result.stderr.toString());
        return result.stdout;
      };
      assert.ok(filtered(version).equals(filtered(null)));
    });

  for (const version of old)
    it(`${version} is told to be too old, by every command and by the library`, () => {
      if (!long) return;
      for (const name of ['ggma', 'ggma_run', 'opm', 'o2o', 'gc']) {
        const { stderr, status } = run(version, [bin(name)]);
        assert.match(
          stderr.toString(),
          /^ggma: NODE_TOO_OLD: expected Node [\d.]+ or later, got [\d.]+\n$/,
          name,
        );
        assert.equal(status, 1);
      }
      const index = JSON.stringify(path.join(root, 'dist/index.js'));
      const script = `import(${index}).catch((error) => console.log(error.code));`;
      assert.equal(run(version, ['-e', script]).stdout.toString(), 'NODE_TOO_OLD\n');
    });
});
