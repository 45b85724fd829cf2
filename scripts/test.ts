/**
 * Every test: the native test binary, then mocha. The last line is `N passed, N failed`, counted over both. A skipped
 * test has failed unless it names what the machine lacks (test/support/need.ts); the skips are listed at the end. `--long`
 * runs the native tests under AddressSanitizer, UBSan and ThreadSanitizer too, and the tests that look at GGMA_LONG in
 * full.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedFolder } from '../test/support/shared.ts';
import { fuzzDecoder } from './fuzz.ts';
import { buildNativeTests } from './native.ts';
import { judgeSkips, type Skip } from './skips.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const long = process.argv.includes('--long');

interface Count {
  passed: number;
  failed: number;
}

/** What is said at the end, before the last line. */
const remarks: string[] = [];

/** The native binary is one test here; it names its own failures. */
function runNative(binary: string): Count {
  const { status } = spawnSync(binary, [], { cwd: root, stdio: 'inherit' });
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function runMocha(): Count {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-test-'));
  const report = path.join(scratch, 'report.json');
  const reporters = path.join(root, 'test/support/reporter.cjs');
  const { status } = spawnSync(
    'npx',
    ['--no-install', 'mocha', '--reporter', reporters, '--reporter-option', `output=${report}`],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...(long ? { GGMA_LONG: '1' } : {}) } },
  );
  try {
    const { skipped, ...count } = JSON.parse(readFileSync(report, 'utf8')) as Count & { skipped: Skip[] };
    // A run that ended badly without a failing test (a crash in a hook, no test at all) has failed all the same.
    if ((status !== 0 && count.failed === 0) || count.passed === 0) count.failed++;
    const { lines, unexcused } = judgeSkips(skipped, existsSync(sharedFolder()));
    remarks.push(...lines);
    return { ...count, failed: count.failed + unexcused };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const counts = [runNative(buildNativeTests())];
if (long) {
  counts.push(runNative(buildNativeTests({ sanitizer: 'address,undefined' })));
  counts.push(runNative(buildNativeTests({ sanitizer: 'thread' })));
  const fuzzed = fuzzDecoder(600);
  if (fuzzed === null) remarks.push('skipped: libFuzzer on the decoder, without clang');
  else counts.push(fuzzed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}
counts.push(runMocha());
const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
for (const remark of remarks) console.log(remark);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
