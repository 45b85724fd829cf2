/** opm init: what this machine can do, and a pipeline to start from. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { checkNode } from '../../check-node.ts';
import { starterText } from '../../make/index.ts';
import { availableIsas, isa, runtimeVersion } from '../../native.ts';
import { fromSystemError, systemCode } from '../../system-error.ts';
import { type CommandSpec, type Invocation, runCommand, type Streams } from '../common/index.ts';
import { type Context, pipelineName } from './context.ts';

const spec: CommandSpec = {
  name: 'opm init',
  summary: `Looks whether this machine can run models, and writes a starter ${pipelineName}.`,
  positionals: '',
  count: [0, 0],
  options: { force: { type: 'boolean', help: `replace ${pipelineName}` } },
};

/** @returns the exit code */
export function main(argv: readonly string[], streams: Streams, context: Context): Promise<number> {
  return runCommand(spec, argv, (invocation) => init(invocation, context), streams);
}

async function init(invocation: Invocation, { dir }: Context): Promise<undefined> {
  checkNode(process.versions.node);
  await invocation.write(`node: ${process.versions.node}\n`);
  await invocation.write(`addon: v${runtimeVersion()}, ${process.platform}-${process.arch}\n`);
  await invocation.write(`instruction set: ${isa()} (this machine has ${availableIsas().join(', ')})\n`);
  const path = join(dir, pipelineName);
  const isNew = await write(path, starterText(), invocation.flag('force'));
  await invocation.write(`${pipelineName}: ${isNew ? 'written' : 'is there already, left as it is'}\n`);
}

/** @returns false when there is a file already */
async function write(path: string, text: string, force: boolean): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' });
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    throw fromSystemError(cause, { path, code: 'OUTPUT', expected: 'to write the file' });
  }
}
