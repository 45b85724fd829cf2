/** opm clean: removes what opm made, and nothing else. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isFree } from '../../make/index.ts';
import { withSystemErrors } from '../../system-error.ts';
import { type CommandSpec, type Invocation, runCommand, type Streams } from '../common/index.ts';
import { buildDir, type Context, madeFolders, shown } from './context.ts';

const spec: CommandSpec = {
  name: 'opm clean',
  summary: 'Removes the package build/out and what was left unfinished in build/.',
  positionals: '',
  count: [0, 0],
  options: { all: { type: 'boolean', help: 'the imported models too' } },
};

/** Names that only opm gives: parts, folders on their way out, locks. */
const leftOver = /^[\w.+-]+\.(?:part|old|\d+\.part|\d+\.old|lock|lock\.\d+)$/;

/** @returns the exit code */
export function main(argv: readonly string[], streams: Streams, context: Context): Promise<number> {
  return runCommand(spec, argv, (invocation) => clean(invocation, context), streams);
}

async function clean(invocation: Invocation, context: Context): Promise<undefined> {
  const build = buildDir(context);
  const made = await madeFolders(context);
  const finished = [...made].filter(([, { made: kind }]) => kind === 'package' || invocation.flag('all'));
  const names = await readdir(build).catch(() => [] as string[]);
  const unfinished: string[] = [];
  for (const name of names) {
    if (!leftOver.test(name) || made.has(name)) continue;
    const owner = join(build, name.replace(/(?:\.\d+)?\.(?:part|old|lock)(?:\.\d+)?$/, ''));
    // Another opm may be at work on it.
    if (await isFree(owner)) unfinished.push(name);
  }
  for (const name of [...finished.map(([folder]) => folder), ...unfinished]) {
    const path = join(build, name);
    await withSystemErrors({ path, code: 'OUTPUT', expected: 'to remove it' }, () =>
      rm(path, { recursive: true, force: true }),
    );
    await invocation.write(`removed ${shown(context, path)}\n`);
  }
  // Only when nothing of anybody's is left in it.
  await rmdir(build).catch(() => {});
}
