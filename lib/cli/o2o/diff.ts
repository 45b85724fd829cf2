/** o2o diff: in what two models differ. */
import { type Comparison, compareModules, DIFFERENCE_KINDS } from '../../ir/diff/index.ts';
import { lift } from '../../ir/graph/index.ts';
import { exitCode } from '../common/index.ts';
import { inFile, openModel, type Word } from './word.ts';

export const diff: Word = {
  count: [2, 2],
  options: {
    'ignore-names': { type: 'boolean', help: 'names of tensors inside do not matter' },
    all: { type: 'boolean', short: 'a', help: 'every difference, not just the first' },
    json: { type: 'boolean', help: 'all differences as JSON' },
  },
  details: [
    'Says the first difference and how many there are of each kind. Exits 1 when the models differ.',
    'o2o view A B shows the same differences as a picture.',
  ].join('\n'),
  async run(invocation) {
    const [a, b] = invocation.positionals as [string, string];
    const open = (file: string) => inFile(file, async () => lift(await openModel(invocation, file)));
    const [left, right] = [await open(a), await open(b)];
    const comparison = compareModules(left, right, { ignoreNames: invocation.flag('ignore-names') });
    if (invocation.flag('json')) await invocation.write(`${json(comparison)}\n`);
    else if (comparison.differences.length > 0)
      await invocation.write(text(comparison, invocation.flag('all')));
    return comparison.differences.length > 0 ? exitCode.failed : exitCode.done;
  },
};

function text({ differences, counts, maxDifference }: Comparison, all: boolean): string {
  const shown = all ? differences : differences.slice(0, 1);
  const kinds = DIFFERENCE_KINDS.filter((kind) => counts[kind] > 0).map((kind) => {
    const max =
      kind === 'constants' && maxDifference > 0
        ? ` (max |a − b| ${Number(maxDifference.toPrecision(3))})`
        : '';
    return `${counts[kind]} ${kind}${max}`;
  });
  const lines = shown.map(({ kind, path, message }) => `${kind} ${path}: ${message}`);
  const total = `${differences.length} difference${differences.length === 1 ? '' : 's'}: ${kinds.join(', ')}`;
  return `${[...lines, total].join('\n')}\n`;
}

/** JSON has no infinity, so it is written as a text. */
function json({ differences, counts, maxDifference }: Comparison): string {
  const shown = { differences, counts, maxDifference };
  return JSON.stringify(shown, (_key, item) => (item === Infinity ? 'Infinity' : item), 2);
}
