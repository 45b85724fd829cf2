/**
 * Builds the addon, the native tests and their benchmarks: `npx tsx scripts/native.ts [TARGET] [WORDS]`. TARGET is addon
 * (the default), tests, asan, tsan, arm64 or bench; all but addon also run what they built, with WORDS as arguments.
 * arm64 needs Debian's g++-aarch64-linux-gnu and qemu-user-static.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorLine } from '../lib/cli/common/index.ts';
import { checkCompiler, compilerFailed } from '../lib/cli/compiler.ts';
import { writeNativeHeaders } from './native-headers.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Addon, tests and benchmarks are targets of one tree, because they share the objects of the core. */
const TREE = 'build';

export type Sanitizer = 'address,undefined' | 'thread';

/** Builds build/Release/ggma.node where it is out of date, and returns its path. */
export function buildAddon(): string {
  build(TREE, 'ggma_addon');
  return path.join(root, TREE, 'Release/ggma.node');
}

/**
 * Builds the native tests and returns the path of their binary. With a sanitizer they have a tree of their own, because
 * every object is compiled with it.
 */
export function buildNativeTests({ sanitizer }: { sanitizer?: Sanitizer } = {}): string {
  if (sanitizer === undefined) return build(TREE, 'ggma_test');
  const tree = `build/native-tests/${sanitizer.replace(',', '-')}`;
  return build(tree, 'ggma_test', { GGMA_ADDON: 'OFF', GGMA_SANITIZE: sanitizer });
}

/** Builds libFuzzer's binary for the program decoder. null: no clang that has libFuzzer is installed. */
export function buildFuzzer(): string | null {
  const compiler = ['clang++', ...[19, 18, 17, 16, 15, 14].map((version) => `clang++-${version}`)].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  if (compiler === undefined) return null;
  const options = { GGMA_ADDON: 'OFF', GGMA_FUZZ: 'ON', GGMA_SANITIZE: 'address,undefined' };
  return build('build/fuzz', 'ggma_fuzz', { ...options, CMAKE_CXX_COMPILER: compiler });
}

/** Builds the benchmark of single kernels and returns its path. */
function buildBench(): string {
  return build(TREE, 'ggma_bench');
}

/** Builds the program that measures the machine's limits and returns its path. */
export function buildLimits(): string {
  return build(TREE, 'ggma_limits');
}

/** Builds the native tests for 64-bit ARM. They are statically linked, so that qemu needs no ARM libraries. */
function buildArmTests(): string {
  return build('build/native-tests/arm64', 'ggma_test', {
    GGMA_ADDON: 'OFF',
    CMAKE_SYSTEM_NAME: 'Linux',
    CMAKE_SYSTEM_PROCESSOR: 'aarch64',
    CMAKE_CXX_COMPILER: 'aarch64-linux-gnu-g++',
    CMAKE_EXE_LINKER_FLAGS: '-static',
  });
}

/**
 * Builds one target of a tree. @returns the path of its program, if it is one
 * @throws GgmaError COMPILER: a tool is missing, or the compiler failed and said why on standard error
 */
function build(tree: string, target: string, options: Record<string, string> = {}): string {
  checkCompiler(options.CMAKE_CXX_COMPILER);
  const directory = path.join(root, tree);
  if (isStale(directory)) rmSync(directory, { recursive: true });
  // After that, because they lie in the tree of the addon; the other trees read them there.
  writeNativeHeaders();
  const command = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const { status } = spawnSync(
    process.execPath,
    [
      ...[command, 'build', '--target', target],
      ...['--directory', root, '--out', directory, '--log-level', 'warn'],
      // Ninja uses all cores by itself, make only when it is told to.
      ...['--parallel', `${os.availableParallelism()}`],
      ...Object.entries(options).map(([key, value]) => `--CD${key}=${value}`),
    ],
    // What the compiler says is for the person at the terminal; standard output belongs to the caller.
    { stdio: ['ignore', process.stderr, process.stderr] },
  );
  if (status !== 0) throw compilerFailed(target);
  return path.join(directory, 'bin', target);
}

/** CMake refuses to continue a tree that was made elsewhere: the project was copied or moved. */
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
  const make = targets[target];
  if (make === undefined) {
    console.error(`expected one of ${Object.keys(targets).join(', ')}, got ${target}`);
    process.exitCode = 2;
    return;
  }
  let built: string;
  try {
    built = make();
  } catch (error) {
    process.stderr.write(errorLine(error));
    process.exitCode = 1;
    return;
  }
  if (target === 'addon') {
    console.log(built);
    return;
  }
  const run = target === 'arm64' ? ['qemu-aarch64-static', built] : [built];
  const { status, error } = spawnSync(run[0]!, [...run.slice(1), ...words], { stdio: 'inherit' });
  if (error !== undefined) console.error(`expected to run ${run.join(' ')}, got: ${error.message}`);
  process.exitCode = status === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(...process.argv.slice(2));
