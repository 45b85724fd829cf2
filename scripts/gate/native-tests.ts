/** Runs a binary of native tests (test/native/main.cc) and counts its tests by the lines that it prints. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Outcome } from './outcome.ts';

/** @param label what the summary calls these tests */
export async function runNativeTests(binary: string, label = 'native'): Promise<Outcome> {
  const child = spawn(binary, [], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    lines.push(line);
  }
  const [status, signal] = await ended;
  return countNativeTests(lines, status ?? signal ?? 'no status', label);
}

/** @param ending the exit status, or the signal that ended the process */
export function countNativeTests(lines: readonly string[], ending: number | string, label: string): Outcome {
  const results = lines.flatMap((line) => {
    const found = /^(ok|FAILED) (\w+) \(\d+ checks\)$/.exec(line);
    return found ? [{ isGood: found[1] === 'ok', name: found[2]! }] : [];
  });
  const failures = results.filter(({ isGood }) => !isGood).map(({ name }) => `${label}: ${name}`);
  const passed = results.length - failures.length;
  // A crash ends the process in the middle of a test, whose line is then missing.
  const hasSummary = /^\d+ passed, \d+ failed/.test(lines.at(-1) ?? '');
  if (!hasSummary || passed === 0 || (ending !== 0 && failures.length === 0))
    failures.push(`${label}: the binary ended with ${ending} after ${results.at(-1)?.name ?? 'no test'}`);
  return { passed, failures, remarks: [] };
}
