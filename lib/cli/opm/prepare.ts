/** opm prepare: a package's program and packed weights beside its model, so that a start only reads. */
import { join, resolve } from 'node:path';
import { writePrepared } from '../../make/index.ts';
import { type CommandSpec, type Invocation, runCommand, type Streams } from '../common/index.ts';
import { buildDir, type Context, outName, shown } from './context.ts';

const spec: CommandSpec = {
  name: 'opm prepare',
  summary:
    'Writes model.ggma into a package (default: build/out): its program and its weights as the kernels want them. Loading reads it in place of model.circle.',
  positionals: '[PACKAGE]',
  count: [0, 1],
  options: {},
};

/** @returns the exit code */
export function main(argv: readonly string[], streams: Streams, context: Context): Promise<number> {
  return runCommand(spec, argv, (invocation) => prepareCommand(invocation, context), streams);
}

async function prepareCommand(invocation: Invocation, context: Context): Promise<undefined> {
  const wanted = invocation.positionals[0];
  const dir = wanted === undefined ? join(buildDir(context), outName) : resolve(context.dir, wanted);
  await invocation.write(`${shown(context, await writePrepared(dir))}\n`);
}
