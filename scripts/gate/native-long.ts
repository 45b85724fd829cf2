/**
 * What the long run does with the native code beside mocha, on the other core: its tests under AddressSanitizer and
 * UBSan, then under ThreadSanitizer, and ten minutes of libFuzzer on the program decoder.
 * `npx tsx scripts/gate/native-long.ts RESULT` writes the outcome to the file RESULT, as JSON.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNativeTests } from '../native.ts';
import { runNativeTests } from './native-tests.ts';
import type { Outcome } from './outcome.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FUZZ_SECONDS = 600;

/** Exit codes of test/fuzz/decoder.ts. */
const NO_CLANG = 77;

function fuzzDecoder(): Outcome {
  const script = path.join(root, 'test/fuzz/decoder.ts');
  const words = ['--import', 'tsx', script, `${FUZZ_SECONDS}`];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' });
  if (status === NO_CLANG)
    return { passed: 0, failures: [], remarks: ['skipped: libFuzzer on the decoder, without clang'] };
  return status === 0
    ? { passed: 1, failures: [], remarks: [] }
    : { passed: 0, failures: [`libFuzzer on the decoder: ended with ${status}`], remarks: [] };
}

async function main(file: string): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const sanitizer of ['address,undefined', 'thread'] as const)
    outcomes.push(await runNativeTests(buildNativeTests({ sanitizer }), `native, ${sanitizer} sanitizer`));
  outcomes.push(fuzzDecoder());
  writeFileSync(file, JSON.stringify(outcomes));
}

await main(process.argv[2]!);
