/** What compiling the addon needs, and what is said where it is missing. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { GgmaError } from '../errors.ts';

const NEEDS = 'CMake 3.19 or later and a C++17 compiler (gcc 10, clang 12 or later)';

/** By platform: the command that installs both. */
const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  linux: '`sudo apt install cmake g++` on Debian and Ubuntu, `sudo dnf install cmake gcc-c++` on Fedora',
  darwin: '`xcode-select --install` and `brew install cmake`',
};

const runs = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

/** @param compiler the one that will be used; default: what the environment's CXX names, or any that CMake looks for */
export function checkCompiler(compiler: string | undefined = process.env.CXX): void {
  if (!runs('cmake')) throw missing('no cmake on the PATH');
  // CMake looks for the first that is there, in this order.
  const compilers = compiler ? [compiler.split(' ')[0]!] : ['c++', 'g++', 'clang++', 'cl'];
  if (!compilers.some(runs)) throw missing(`none of ${compilers.join(', ')} on the PATH`);
}

function missing(what: string): GgmaError {
  const install = INSTALL[process.platform];
  const remedy = install === undefined ? '' : `. Install them: ${install}`;
  return new GgmaError('COMPILER', `expected ${NEEDS} to build the addon, got ${what}${remedy}`);
}

/** For the command that ran the compiler, which has said what is wrong on standard error. */
export function compilerFailed(target: string): GgmaError {
  return new GgmaError(
    'COMPILER',
    `expected ${target} to compile, got an error: it stands above (needs ${NEEDS})`,
  );
}
