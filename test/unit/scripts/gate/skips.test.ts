import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { judgeReport, type Report } from '../../../../scripts/gate/mocha.ts';
import { judgeSkips } from '../../../../scripts/gate/skips.ts';
import { root } from '../../../support/root.ts';

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

/** Runs mocha over one file with that text. @returns what the reporter wrote */
function run(scratch: string, text: string, shared: string): Report {
  const [file, output] = [path.join(scratch, 'spec.ts'), path.join(scratch, 'report.json')];
  writeFileSync(file, text);
  const words = ['mocha', '--no-config', '--node-option', 'import=tsx'];
  const reporter = ['--reporter', path.join(root, 'test/support/reporter.cjs')];
  spawnSync('npx', ['--no-install', ...words, ...reporter, '--reporter-option', `output=${output}`, file], {
    cwd: root,
    env: { ...process.env, GGMA_SHARED: shared },
  });
  return JSON.parse(readFileSync(output, 'utf8')) as Report;
}

describe('skipped tests', () => {
  it('are told apart by the reporter: what a machine lacks, and no reason', () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-skips-'));
    try {
      const without = 'the shared reference data (GGMA_SHARED, or ../shared)';
      assert.deepEqual(run(scratch, spec(path.join(root, 'test/support')), ''), {
        passed: 1,
        failed: [],
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

  it('count as failed without a reason', () => {
    const judged = judgeSkips([
      { title: 'a', without: 'script(1)' },
      { title: 'c', without: null },
      { title: 'd', without: 'script(1)' },
    ]);
    assert.deepEqual(judged, {
      remarks: ['skipped: 2 without script(1)'],
      failures: ['skipped without a reason: c'],
    });
    assert.deepEqual(judgeSkips([]), { remarks: [], failures: [] });
  });

  it('are no excuse where the folder of the reference data exists but is empty', () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-skips-'));
    try {
      const { failed, skipped } = run(scratch, spec(path.join(root, 'test/support')), scratch);
      assert.deepEqual(
        failed.map(({ title }) => title),
        ['lacks something', 'a block "before all" hook for "first"'],
      );
      assert.deepEqual(
        skipped.map(({ title }) => title),
        ['is forgotten', 'gives up'],
      );
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

describe('the report of a run', () => {
  const report: Report = { passed: 2, failed: [], skipped: [] };

  it('names the file and the title of each test that failed', () => {
    const failed = [{ file: 'test/a.test.ts', title: 'does x' }];
    assert.deepEqual(judgeReport({ ...report, failed }, 1).failures, ['test/a.test.ts: does x']);
    assert.deepEqual(judgeReport(report, 0), { passed: 2, failures: [], remarks: [] });
  });

  it('has failed when mocha crashed, or found nothing to run', () => {
    assert.equal(judgeReport(null, 7).failures.length, 1);
    assert.equal(judgeReport(report, 1).failures.length, 1);
    assert.equal(judgeReport({ ...report, passed: 0 }, 0).failures.length, 1);
  });

  it('is told by the reporter with the path of the file within the project', () => {
    const scratch = mkdtempSync(path.join(root, 'build/report-'));
    try {
      const { failed } = run(scratch, "it('fails', () => { throw new Error('x'); });", '');
      assert.deepEqual(failed, [
        { file: path.relative(root, path.join(scratch, 'spec.ts')), title: 'fails' },
      ]);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
