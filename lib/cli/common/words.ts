/** A command whose first argument is a word (`ggma run`, `opm import`): help, version, and the word's own command line. */
import { version } from '../../version.ts';
import { errorLine, exitCode, OutputClosed, UsageError } from './errors.ts';
import { type Streams, writeAll } from './streams.ts';

export interface Word {
  name: string;
  /** The word and its arguments, as the overview shows them. */
  usage: string;
  summary: string;
  /** Its code is loaded only when the word is used. */
  load(): Promise<(argv: readonly string[], streams: Streams) => Promise<number>>;
}

export interface WordsSpec {
  /** Of the command. */
  name: string;
  /** The help's lines above and below the list of words. */
  before: string[];
  after: string[];
  words: readonly Word[];
  /** Show the help where no word is given; otherwise that is wrong usage. */
  bareIsHelp?: boolean;
}

/** @returns the exit code */
export async function runWords(
  spec: WordsSpec,
  [first, ...rest]: readonly string[],
  streams: Streams,
): Promise<number> {
  const { name, words } = spec;
  const word = words.find((one) => one.name === first);
  if (word !== undefined) return (await word.load())(rest, streams);
  // Without a listener a stream's error (EPIPE) would end the process; the write reports its own.
  const ignore = () => {};
  streams.stdout.on('error', ignore);
  try {
    const isHelp = first === '--help' || first === '-h' || (first === undefined && spec.bareIsHelp === true);
    if (isHelp) await writeAll(streams.stdout, helpOf(spec));
    else if (first === '--version') await writeAll(streams.stdout, `${name} v${version}\n`);
    else {
      const names = words.map((one) => one.name).join(', ');
      const error = new UsageError(`expected one of ${names}, got ${first ?? 'nothing'} (${name} --help)`);
      await writeAll(streams.stderr, errorLine(error));
      return exitCode.usage;
    }
    return exitCode.done;
  } catch (error) {
    if (error instanceof OutputClosed) return exitCode.done;
    await writeAll(streams.stderr, errorLine(error)).catch(ignore);
    return exitCode.failed;
  } finally {
    streams.stdout.removeListener('error', ignore);
  }
}

function helpOf({ before, after, words }: WordsSpec): string {
  const width = Math.max(...words.map(({ usage }) => usage.length)) + 2;
  const rows = words.map(({ usage, summary }) => `  ${usage.padEnd(width)}${summary}`);
  return [...before, '', ...rows, ...(after.length > 0 ? ['', ...after] : []), ''].join('\n');
}
