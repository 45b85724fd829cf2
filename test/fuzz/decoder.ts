/**
 * libFuzzer with AddressSanitizer and UBSan on the program decoder and executor: `npx tsx test/fuzz/decoder.ts
 * [SECONDS]`. It needs clang and its runtime libraries (Debian: clang, libclang-rt-dev) and exits with 77 without them.
 * `make test-long` runs it. The kernels are the scalar ones, because only those are instrumented (CMakeLists.txt).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildFuzzer } from '../../scripts/native.ts';
import { tinyLlama, tinyShape } from '../support/program.ts';
import { root } from '../support/root.ts';

/** The exit code where there is no clang. */
const NO_CLANG = 77;

/** @returns the exit code; libFuzzer leaves an input that fails in build/fuzz */
function fuzzDecoder(seconds: number): number {
  const binary = buildFuzzer();
  if (binary === null) {
    console.error('expected clang++ with libFuzzer, found none');
    return NO_CLANG;
  }
  const directory = path.join(root, 'build/fuzz');
  const corpus = path.join(directory, 'corpus');
  mkdirSync(corpus, { recursive: true });
  writeFileSync(path.join(corpus, 'tiny'), tinyLlama({ ...tinyShape, layers: 1 }).program);
  const { status } = spawnSync(
    binary,
    [
      corpus,
      ...[`-max_total_time=${seconds}`, '-max_len=4096', '-timeout=20', '-rss_limit_mb=4096'],
      ...['-print_final_stats=1', '-verbosity=0', `-artifact_prefix=${directory}/`],
    ],
    {
      stdio: 'inherit',
      env: { ...process.env, GGMA_ISA: 'scalar', ASAN_OPTIONS: 'allocator_may_return_null=1' },
    },
  );
  return status === 0 ? 0 : 1;
}

process.exitCode = fuzzDecoder(Number(process.argv[2] ?? 60));
