/**
 * `ggma compile`: the addon from the sources that the package carries, for a platform that it has no compiled addon for.
 * It needs no package beside ggma: the headers of the Node API are in dist/headers.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { GgmaError } from '../../errors.ts';
import { loadAddon, packageRoot } from '../../native.ts';
import { type CommandSpec, type Invocation, runCommand, type Streams } from '../common/index.ts';
import { checkCompiler, compilerFailed } from '../compiler.ts';

const spec: CommandSpec = {
  name: 'ggma compile',
  summary: "Compiles the addon from the package's own sources, where it has none for this platform.",
  positionals: '',
  count: [0, 0],
  options: {},
};

/** @returns the exit code */
export function main(argv: readonly string[], streams: Streams): Promise<number> {
  return runCommand(spec, argv, compile, streams);
}

async function compile(invocation: Invocation): Promise<undefined> {
  if (process.platform === 'win32')
    throw new GgmaError('COMPILER', 'expected Linux or macOS: the addon cannot be compiled on Windows yet');
  checkCompiler();
  const root = packageRoot();
  const tree = join(root, 'build');
  run('cmake', [
    ...['-S', root, '-B', tree, '-DCMAKE_BUILD_TYPE=Release', `-DNODE_ARCH=${process.arch}`],
    `-DCMAKE_JS_INC=${join(root, 'dist/headers')}`,
    `-DGGMA_GENERATED=${join(root, 'dist/headers')}`,
    `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${join(tree, 'Release')}`,
  ]);
  run('cmake', ['--build', tree, '--target', 'ggma_addon', '--parallel', `${availableParallelism()}`]);
  const { version } = loadAddon(root);
  await invocation.write(
    `${join(tree, 'Release/ggma.node')}: v${version}, ${process.platform}-${process.arch}\n`,
  );
}

/** What cmake and the compiler say goes to standard error. */
function run(command: string, words: readonly string[]): void {
  const { status } = spawnSync(command, words, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw compilerFailed('the addon');
}
