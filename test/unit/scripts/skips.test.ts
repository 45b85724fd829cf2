import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { judgeSkips, type Skip } from '../../../scripts/skips.ts';
import { root } from '../../support/root.ts';

const spec = (support: string) => `
import { need } from '${support}/need.ts';
const shared = 'the shared reference data (GGMA_SHARED, or ../shared)';
it('runs', () => {});
it('is forgotten');
it('gives up', function () { this.skip(); });
it('lacks something', function () { need(this, shared); });
describe('a block', () => {
  before(function () { need(this, shared); });
  it('first', () => { throw new Error('not skipped'); });
  describe('deeper', () => { it('second', () => { throw new Error('not skipped'); }); });
});
`;

describe('skipped tests', () => {
  it('are told apart by the reporter: what a machine lacks, and no reason', () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-skips-'));
    try {
      const file = path.join(scratch, 'spec.ts');
      const output = path.join(scratch, 'report.json');
      writeFileSync(file, spec(path.join(root, 'test/support')));
      const words = ['mocha', '--no-config', '--node-option', 'import=tsx'];
      const reporter = ['--reporter', path.join(root, 'test/support/reporter.cjs')];
      const { status, stderr } = spawnSync(
        'npx',
        ['--no-install', ...words, ...reporter, '--reporter-option', `output=${output}`, file],
        { cwd: root, encoding: 'utf8', env: { ...process.env, GGMA_SHARED: '' } },
      );
      assert.equal(status, 0, stderr);
      const without = 'the shared reference data (GGMA_SHARED, or ../shared)';
      assert.deepEqual(JSON.parse(readFileSync(output, 'utf8')), {
        ...{ passed: 1, failed: 0 },
        skipped: [
          { title: 'is forgotten', without: null },
          { title: 'gives up', without: null },
          { title: 'lacks something', without },
          { title: 'a block first', without },
          { title: 'a block deeper second', without },
        ],
      });
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  it('count as failed without a reason, and without the reference data where its folder is', () => {
    const skips: Skip[] = [
      { title: 'a', without: 'script(1)' },
      { title: 'b', without: 'the shared reference data (…)' },
      { title: 'c', without: null },
      { title: 'd', without: 'script(1)' },
    ];
    const there = judgeSkips(skips, true);
    assert.equal(there.unexcused, 2);
    assert.deepEqual(there.lines, [
      'skipped: 2 without script(1)',
      'failed, because skipped without the shared reference data (…), which is there: b',
      'failed, because skipped without a reason: c',
    ]);
    assert.equal(judgeSkips(skips, false).unexcused, 1);
    assert.deepEqual(judgeSkips([], true), { lines: [], unexcused: 0 });
  });
});
