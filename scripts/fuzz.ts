/**
 * libFuzzer with AddressSanitizer and UBSan on the program decoder and executor: `tsx scripts/fuzz.ts [SECONDS]`. Needs
 * clang with its run time (Debian: clang, libclang-rt-dev); part of `make test-long` where that is there. The kernels are
 * the scalar ones, which are instrumented (CMakeLists.txt).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tinyLlama, tinyShape } from '../test/support/program.ts';
import { buildFuzzer } from './native.ts';

/** false: it found something; the input lies in build/fuzz. null: there is no clang. */
export function fuzzDecoder(seconds: number): boolean | null {
  const binary = buildFuzzer();
  if (binary === null) return null;
  const directory = path.dirname(binary);
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
  return status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = fuzzDecoder(Number(process.argv[2] ?? 60));
  if (result === null) console.error('expected clang++ with libFuzzer, found none');
  process.exitCode = result === true ? 0 : 1;
}
