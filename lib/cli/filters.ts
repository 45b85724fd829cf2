/**
 * o2o and the filters as start.ts runs them. One CommonJS file with nothing but what filters need, because a pipe of
 * seven of them pays for seven starts; ES modules and the other commands' code would double each.
 */
import { closeSync } from 'node:fs';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { findPass } from '../passes/index.ts';
import { standardDescriptors, warmUpFor } from './common/index.ts';
import { findWord } from './o2o/index.ts';
import { main } from './o2o.ts';

export { main } from './o2o.ts';

/** Runs the command with the process's arguments and leaves its exit code. */
export async function start(
  name: string,
  loadLibrary: () => Promise<typeof import('./o2o.ts')>,
): Promise<void> {
  const words = process.argv.slice(2);
  const argv = name === 'o2o' ? words : [name, ...words];
  // Words that only look at models need more than this file has: the library's build of the same command.
  if (findWord(argv[0])) {
    const o2o = await loadLibrary();
    process.exitCode = await o2o.main(argv);
    return;
  }
  const isFilter = findPass(argv[0] ?? '') !== undefined;
  // A filter ends before optimised code pays for its compilation, which takes a third of all its time. And a compiler
  // thread that asks for a collection while the process ends waits for ever on Node 20 to 26 (nodejs/node#54918).
  // The heap is a few MB: waking threads to collect it takes longer than collecting it, a tenth of a filter's work.
  const computes = argv.some((word) => {
    const pass = findPass(word);
    return pass?.kind === 'filter' && pass.computes === true;
  });
  if (isFilter && !computes) setFlagsFromString('--no-opt --no-maglev --no-parallel-scavenge');
  if (isFilter) warmUpFor(standardDescriptors.stdin);
  process.exitCode = await main(argv);
  // The next in the pipe reads to the end, and should not wait until this process has cleaned up.
  if (isFilter && process.exitCode === 0) closeOutput();
}

function closeOutput(): void {
  try {
    closeSync(standardDescriptors.stdout);
  } catch {
    // closed already, by whoever started us
  }
}
