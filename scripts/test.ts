/**
 * Every test: the native test binary, then mocha. The last line is `N passed, N failed`, counted over both. A skipped
 * test has failed unless it names what the machine lacks (test/support/need.ts); the skips are listed at the end. `--long`
 * runs the tests that look at GGMA_LONG in full, and beside them what native-long.ts does, whose output follows theirs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedFolder } from '../test/support/shared.ts';
import { buildNativeTests, runNativeTests } from './native.ts';
import type { NativeResult } from './native-long.ts';
import { judgeSkips, type Skip } from './skips.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const long = process.argv.includes('--long');

interface Count {
  passed: number;
  failed: number;
}

/** What is said at the end, before the last line. */
const remarks: string[] = [];

async function runMocha(scratch: string): Promise<Count> {
  const report = path.join(scratch, 'report.json');
  const reporters = path.join(root, 'test/support/reporter.cjs');
  const mocha = spawn(
    'npx',
    ['--no-install', 'mocha', '--reporter', reporters, '--reporter-option', `output=${report}`],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...(long ? { GGMA_LONG: '1' } : {}) } },
  );
  const [status] = (await once(mocha, 'exit')) as [number | null];
  try {
    const { skipped, ...count } = JSON.parse(readFileSync(report, 'utf8')) as Count & { skipped: Skip[] };
    // A run that ended badly without a failing test (a crash in a hook, no test at all) has failed all the same.
    if ((status !== 0 && count.failed === 0) || count.passed === 0) count.failed++;
    const { lines, unexcused } = judgeSkips(skipped, existsSync(sharedFolder()));
    remarks.push(...lines);
    return { ...count, failed: count.failed + unexcused };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** The sanitizers and the fuzzer, beside what else runs; their output is kept for the end. */
async function runNativeLong(scratch: string): Promise<{ count: Count; output: string }> {
  const [result, log] = [path.join(scratch, 'native.json'), path.join(scratch, 'native.log')];
  const output = openSync(log, 'w');
  const script = path.join(root, 'scripts/native-long.ts');
  const native = spawn(process.execPath, ['--import', 'tsx', script, result], {
    cwd: root,
    stdio: ['ignore', output, output],
  });
  await once(native, 'exit');
  const text = readFileSync(log, 'utf8');
  if (!existsSync(result)) return { count: { passed: 0, failed: 1 }, output: text };
  const { remarks: said, ...count } = JSON.parse(readFileSync(result, 'utf8')) as NativeResult;
  remarks.push(...said);
  return { count, output: text };
}

const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-test-'));
const counts: Count[] = [];
try {
  const passed = runNativeTests(buildNativeTests());
  counts.push({ passed: Number(passed), failed: Number(!passed) });
  const native = long ? runNativeLong(scratch) : null;
  counts.push(await runMocha(scratch));
  if (native !== null) {
    const { count, output } = await native;
    counts.push(count);
    console.log(output);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
for (const remark of remarks) console.log(remark);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
