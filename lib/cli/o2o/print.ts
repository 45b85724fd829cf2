/** o2o print: a model for reading. */
import { dumpModel, printModel } from '../../circle/index.ts';
import { exitCode } from '../common/index.ts';
import { inFile, openModel, type Word, writeLines } from './word.ts';

export const print: Word = {
  count: [0, 1],
  options: {
    short: { type: 'boolean', short: 's', help: 'names of tensors without their path' },
    json: { type: 'boolean', help: 'every field, under its name in the schema; data by size and hash' },
  },
  details: [
    'The text is the language of graphs in ggma’s tests: NAME: TYPE[DIMS] = OPERATOR(INPUTS) OPTION=VALUE. Options that are',
    'not shown are 0, false or empty. The JSON has every field of every table under its name in the schema, in the',
    'schema’s order; what a file does not have is null; enums and unions are names; data is {"bytes", "sha256"}.',
  ].join('\n'),
  async run(invocation) {
    const [file] = invocation.positionals;
    const model = await inFile(file, () => openModel(invocation, file));
    if (invocation.flag('json')) await writeLines(invocation, dumpModel(model), '');
    else await writeLines(invocation, printModel(model, { short: invocation.flag('short') }));
    return exitCode.done;
  },
};
