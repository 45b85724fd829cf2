/** What a filter's process loads before it does anything: seven of them in a pipe pay for it seven times. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeModel } from '../../lib/circle/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { heavyBuiltins } from '../../scripts/startup.ts';
import { scratchFolder } from '../support/checkpoint.ts';
import { root } from '../support/root.ts';
import { textGraph } from '../support/text-graph.ts';

/** Node's own modules that are loaded once the script has run, as `fs` or `internal/streams/readable`. */
function loadedBy(script: string): Set<string> {
  const print = 'console.log(JSON.stringify(loaded))';
  const text = execFileSync(
    process.execPath,
    ['-e', `${script}; const loaded = [...process.moduleLoadList]; ${print}`],
    { encoding: 'utf8' },
  );
  const list = JSON.parse(text) as string[];
  return new Set(list.flatMap((entry) => /^NativeModule (.+)$/.exec(entry)?.[1] ?? []));
}

const cacheOfThisNode = () => `filters-${process.versions.v8}-${process.arch}.cache`;

describe('the start of a filter', () => {
  it('loads neither cryptography nor the network', () => {
    const file = path.join(root, 'dist/cli/filters.cjs');
    const [bare, started] = [loadedBy('0'), loadedBy(`require(${JSON.stringify(file)})`)];
    assert.ok(started.has('fs') && started.size >= bare.size);
    const added = [...started].filter((name) => !bare.has(name));
    assert.ok(added.includes('v8'), 'expected to see what the filters load');
    for (const heavy of heavyBuiltins) assert.ok(!added.includes(heavy), `${heavy} is loaded`);
  });

  it('finds its code compiled by this Node', () => {
    const start = JSON.stringify(path.join(root, 'dist/cli/start.cjs'));
    const print = 'console.log(String(require(process.argv[1]).loadFilters().script.cachedDataRejected))';
    const said = (flags: string[]) =>
      execFileSync(process.execPath, [...flags, '-e', print, JSON.parse(start)], { encoding: 'utf8' }).trim();
    assert.equal(said([]), 'false');
    // What V8 refuses it compiles again.
    assert.equal(said(['--no-opt']), 'true');
  });

  it('takes no code that another V8 compiled, even if only Node patched it', () => {
    const name = cacheOfThisNode();
    assert.ok(existsSync(path.join(root, 'dist/cli', name)), name);
    const scratch = scratchFolder();
    try {
      for (const file of ['start.cjs', 'filters.cjs', name])
        copyFileSync(path.join(root, 'dist/cli', file), path.join(scratch.path, file));
      const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, v8: process.argv[2] } });`;
      const print = `${pretend} console.log(String(require(process.argv[1]).loadFilters().script.cachedDataRejected))`;
      const said = (v8: string) =>
        execFileSync(process.execPath, ['-e', print, path.join(scratch.path, 'start.cjs'), v8], {
          encoding: 'utf8',
        });
      assert.equal(said(process.versions.v8).trim(), 'false');
      // Nothing was offered, so nothing was refused.
      assert.equal(said(`${process.versions.v8}1`).trim(), 'undefined');
    } finally {
      scratch.remove();
    }
  });

  it('runs without the cache, and with one that is broken', () => {
    const scratch = scratchFolder();
    try {
      const place = (name: string) => path.join(scratch.path, name);
      for (const name of ['start.cjs', 'filters.cjs'])
        copyFileSync(path.join(root, 'dist/cli', name), place(name));
      copyFileSync(path.join(root, 'package.json'), place('package.json'));
      // package.json says that .js is ESM here.
      writeFileSync(place('run.cjs'), "require('./start.cjs').start('gc')");
      const { module } = textGraph('input x f32[2]\ny = NEG(x)\nz = EXP(x)\noutput y');
      const run = () =>
        execFileSync(process.execPath, [place('run.cjs')], { input: writeModel(lower(module)) });
      const plain = run();
      assert.ok(plain.byteLength > 0);
      writeFileSync(place(cacheOfThisNode()), 'no code');
      assert.deepEqual(run(), plain);
    } finally {
      scratch.remove();
    }
  });
});
