/**
 * The gate: `npx tsx scripts/test.ts [--long]` runs linters and type checks, the native tests, then mocha over all test
 * files. It names what failed at the end; the last line is `N passed, N failed`. A skipped test has failed unless it names
 * what the machine lacks (test/support/need.ts). --long runs the tests that look at GGMA_LONG in full, and beside them
 * scripts/gate/native-long.ts, whose output follows theirs. `--native` runs the native tests alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorLine } from '../lib/cli/common/index.ts';
import { allChecks, runChecks } from './gate/checks.ts';
import { runMocha } from './gate/mocha.ts';
import { runNativeTests } from './gate/native-tests.ts';
import { type Outcome, summary } from './gate/outcome.ts';
import { buildNativeTests } from './native.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

async function native(): Promise<Outcome> {
  try {
    return await runNativeTests(buildNativeTests());
  } catch (error) {
    const line = errorLine(error).trim();
    return { passed: 0, failures: [`native: ${line}`], remarks: [] };
  }
}

/** Runs beside mocha; its output is kept for the end, so that the two do not mix. */
async function nativeLong(): Promise<{ outcomes: Outcome[]; output: string }> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-test-'));
  try {
    const [result, log] = [path.join(scratch, 'native.json'), path.join(scratch, 'native.log')];
    const output = openSync(log, 'w');
    const words = ['--import', 'tsx', 'scripts/gate/native-long.ts', result];
    const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', output, output] });
    const [status] = (await once(child, 'exit')) as [number | null];
    const outcomes = existsSync(result)
      ? (JSON.parse(readFileSync(result, 'utf8')) as Outcome[])
      : [{ passed: 0, failures: [`native, long: ended with ${status} and without a result`], remarks: [] }];
    return { outcomes, output: readFileSync(log, 'utf8') };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(words: readonly string[]): Promise<void> {
  const unknown = words.find((word) => word !== '--long' && word !== '--native');
  if (unknown !== undefined) {
    console.error(`expected --long, --native or nothing, got ${unknown}`);
    process.exitCode = 2;
    return;
  }
  const long = words.includes('--long');
  const outcomes: Outcome[] = [];
  if (words.includes('--native')) outcomes.push(await native());
  else {
    outcomes.push(runChecks(allChecks()), await native());
    const beside = long ? nativeLong() : null;
    outcomes.push(await runMocha(['test/**/*.test.ts'], { long }));
    if (beside !== null) {
      const { outcomes: more, output } = await beside;
      console.log(output);
      outcomes.push(...more);
    }
  }
  const { text, failed } = summary(outcomes);
  console.log(text);
  process.exitCode = failed ? 1 : 0;
}

await main(process.argv.slice(2));
