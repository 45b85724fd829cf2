/** The code of o2o's words, which filters do without: o2o.ts imports this file when a word is used. */
import { fileNames } from '../../package/index.ts';
import { type CommandSpec, runCommand, type Streams } from '../common/index.ts';
import { diff } from './diff.ts';
import { explainWord } from './explain.ts';
import type { WordName } from './index.ts';
import { print } from './print.ts';
import { verify } from './verify.ts';
import { view } from './view.ts';
import type { Word, WordEntry } from './word.ts';

export const wordCode: Readonly<Record<WordName, Word>> = { verify, print, diff, explain: explainWord, view };

/** Runs `o2o WORD …`. @returns the exit code */
export function runWord(
  entry: WordEntry & { name: WordName },
  argv: readonly string[],
  streams: Streams,
): Promise<number> {
  const word = wordCode[entry.name];
  return runCommand(specOf(entry, word), argv, (invocation) => word.run(invocation), streams);
}

const PACKAGES = `A folder is a package: its ${fileNames.model} is taken.`;

function specOf({ name, summary, positionals }: WordEntry, { count, options, details }: Word): CommandSpec {
  const sentence = `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
  return {
    name: `o2o ${name}`,
    summary: [sentence, ...(details === undefined ? [] : [details]), PACKAGES].join('\n\n'),
    positionals,
    count,
    options,
  };
}
