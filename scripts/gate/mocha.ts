/** Runs test files by mocha and reads what test/support/reporter.cjs wrote about them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './outcome.ts';
import { judgeSkips, type Skip } from './skips.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Report {
  passed: number;
  failed: { file: string; title: string }[];
  skipped: Skip[];
}

/** @param long run the tests that look at GGMA_LONG in full */
export async function runMocha(patterns: readonly string[], { long = false } = {}): Promise<Outcome> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-mocha-'));
  const file = path.join(scratch, 'report.json');
  const reporter = path.join(root, 'test/support/reporter.cjs');
  try {
    const mocha = spawn(
      'npx',
      ['--no-install', 'mocha', '--reporter', reporter, '--reporter-option', `output=${file}`, ...patterns],
      { cwd: root, stdio: 'inherit', env: { ...process.env, ...(long ? { GGMA_LONG: '1' } : {}) } },
    );
    const [status] = (await once(mocha, 'exit')) as [number | null];
    const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : null;
    return judgeReport(report, status);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param report null: mocha wrote none */
export function judgeReport(report: Report | null, status: number | null): Outcome {
  if (report === null)
    return { passed: 0, failures: [`mocha: ended with ${status} and without a report`], remarks: [] };
  const { passed, failed, skipped } = report;
  const skips = judgeSkips(skipped);
  const failures = [...failed.map(({ file, title }) => `${file}: ${title}`), ...skips.failures];
  // A run without a failing test can end badly all the same, for example when no file matched.
  if (failures.length === 0 && (status !== 0 || passed === 0))
    failures.push(`mocha: ended with ${status} after ${passed} passing tests`);
  return { passed, failures, remarks: skips.remarks };
}
