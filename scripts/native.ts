/**
 * Builds the addon and the native tests: `tsx scripts/native.ts [addon | tests | asan | tsan | arm64 | bench] …`;
 * arm64 runs under qemu-aarch64-static.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export type Sanitizer = 'address,undefined' | 'thread';

/** build/Release/ggma.node; returns its path. Does nothing when it is up to date. */
export function buildAddon(): string {
  cmakeJs('build', {});
  return path.join(root, 'build/Release/ggma.node');
}

/** The native test binary, plain or under a sanitizer, in a build directory of its own; returns its path. */
export function buildNativeTests({ sanitizer }: { sanitizer?: Sanitizer } = {}): string {
  const name = sanitizer === undefined ? 'plain' : sanitizer.replace(',', '-');
  const out = `build/native-tests/${name}`;
  cmakeJs(out, { GGMA_ADDON: 'OFF', GGMA_TESTS: 'ON', GGMA_SANITIZE: sanitizer ?? '' });
  return path.join(root, out, 'ggma_test');
}

/** Whether all of a binary of native tests passed: one test for whoever counts, as it names its own failures. */
export function runNativeTests(binary: string): boolean {
  return spawnSync(binary, [], { stdio: 'inherit' }).status === 0;
}

/** libFuzzer's binary for the program decoder, or null where there is no clang that has it. */
export function buildFuzzer(): string | null {
  const compiler = ['clang++', ...[19, 18, 17, 16, 15, 14].map((version) => `clang++-${version}`)].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  if (compiler === undefined) return null;
  const options = { GGMA_ADDON: 'OFF', GGMA_FUZZ: 'ON', GGMA_SANITIZE: 'address,undefined' };
  cmakeJs('build/fuzz', { ...options, CMAKE_CXX_COMPILER: compiler });
  return path.join(root, 'build/fuzz/ggma_fuzz');
}

/** The native tests for 64-bit ARM, statically linked, with the cross compiler of Debian's g++-aarch64-linux-gnu. */
function buildArmTests(): string {
  const out = 'build/native-tests/arm64';
  cmakeJs(out, {
    GGMA_ADDON: 'OFF',
    GGMA_TESTS: 'ON',
    CMAKE_SYSTEM_NAME: 'Linux',
    CMAKE_SYSTEM_PROCESSOR: 'aarch64',
    CMAKE_CXX_COMPILER: 'aarch64-linux-gnu-g++',
    CMAKE_EXE_LINKER_FLAGS: '-static',
  });
  return path.join(root, out, 'ggma_test');
}

/** The benchmark of single kernels; returns its path. */
function buildBench(): string {
  cmakeJs('build/native-bench', { GGMA_ADDON: 'OFF', GGMA_BENCH: 'ON' });
  return path.join(root, 'build/native-bench/ggma_bench');
}

/** The program that measures the machine; returns its path. */
export function buildLimits(): string {
  buildBench();
  return path.join(root, 'build/native-bench/ggma_limits');
}

function cmakeJs(out: string, options: Record<string, string>): void {
  const directory = path.join(root, out);
  const command = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const definitions = Object.entries(options).map(([key, value]) => `--CD${key}=${value}`);
  execFileSync(
    process.execPath,
    [
      command,
      isStale(directory) ? 'rebuild' : 'build',
      ...['--directory', root, '--out', directory, '--log-level', 'warn'],
      ...definitions,
    ],
    // Compiler messages are for the person at the terminal; stdout belongs to the caller.
    { stdio: ['ignore', process.stderr, process.stderr] },
  );
}

/** A build directory that came from elsewhere (a moved or copied tree) cannot be continued. */
function isStale(directory: string): boolean {
  const cache = path.join(directory, 'CMakeCache.txt');
  if (!existsSync(cache)) return false;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  return home === undefined || path.resolve(home) !== path.resolve(root);
}

function main(target = 'addon', ...words: string[]): void {
  const targets: Record<string, () => string> = {
    addon: buildAddon,
    tests: () => buildNativeTests(),
    asan: () => buildNativeTests({ sanitizer: 'address,undefined' }),
    tsan: () => buildNativeTests({ sanitizer: 'thread' }),
    arm64: buildArmTests,
    bench: buildBench,
  };
  const build = targets[target];
  if (build === undefined) {
    console.error(`expected one of ${Object.keys(targets).join(', ')}, got ${target}`);
    process.exitCode = 2;
    return;
  }
  try {
    const built = build();
    if (target === 'addon') console.log(built);
    else if (target === 'arm64') execFileSync('qemu-aarch64-static', [built, ...words], { stdio: 'inherit' });
    else execFileSync(built, words, { stdio: 'inherit' });
  } catch {
    process.exitCode = 1; // the compiler or the tests have said why
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(...process.argv.slice(2));
