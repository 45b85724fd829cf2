/**
 * What `make test-long` does with the native code beside mocha, on the other core: its tests under AddressSanitizer and
 * UBSan, then ThreadSanitizer, and libFuzzer for ten minutes on the decoder. `tsx scripts/native-long.ts RESULT` writes
 * what came of it to the file RESULT, as JSON.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fuzzDecoder } from './fuzz.ts';
import { buildNativeTests, runNativeTests } from './native.ts';

export interface NativeResult {
  passed: number;
  failed: number;
  remarks: string[];
}

function main(file: string): void {
  const result: NativeResult = { passed: 0, failed: 0, remarks: [] };
  const count = (passed: boolean) => {
    if (passed) result.passed++;
    else result.failed++;
  };
  for (const sanitizer of ['address,undefined', 'thread'] as const)
    count(runNativeTests(buildNativeTests({ sanitizer })));
  const fuzzed = fuzzDecoder(600);
  if (fuzzed === null) result.remarks.push('skipped: libFuzzer on the decoder, without clang');
  else count(fuzzed);
  writeFileSync(file, JSON.stringify(result));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv[2]!);
