/** o2o print: a model for reading. */
import { dumpModel, printModel } from '../../circle/index.ts';
import { exitCode } from '../common/index.ts';
import { openModel, type Word, writeLines } from './word.ts';

export const print: Word = {
  name: 'print',
  summary: 'print a model as text, or all of it as JSON',
  positionals: '[FILE]',
  count: [0, 1],
  options: {
    short: { type: 'boolean', short: 's', help: 'names of tensors without their path' },
    json: { type: 'boolean', help: 'every field, under its name in the schema; data by size and hash' },
  },
  async run(invocation) {
    const model = await openModel(invocation, invocation.positionals[0]);
    if (invocation.flag('json')) await writeLines(invocation, dumpModel(model), '');
    else await writeLines(invocation, printModel(model, { short: invocation.flag('short') }));
    return exitCode.done;
  },
};
