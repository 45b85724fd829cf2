/**
 * o2o: filters. One word starts a filter, ` + ` chains them in one process; a filter's own command is a chain of one.
 * Circle comes on standard input (or from files for merge.circles) and goes to standard output.
 */
import { GgmaError } from '../errors.ts';
import { type Pass, passes } from '../passes/index.ts';
import { version } from '../version.ts';
import {
  errorLine,
  exitCode,
  OutputClosed,
  processStreams,
  type Streams,
  standardDescriptors,
  UsageError,
  writeAll,
  writeFully,
} from './common/index.ts';
import { parseChain, passNamed, runChain } from './o2o/chain.ts';
import { findWord, words } from './o2o/index.ts';

/**
 * @param known the filters that there are: ggma's own, and perhaps somebody else's
 * @returns the exit code
 */
export async function main(
  argv: readonly string[],
  streams: Streams = processStreams(),
  descriptors = standardDescriptors,
  known: readonly Pass[] = passes,
): Promise<number> {
  const word = findWord(argv[0]);
  if (word) {
    const { runWord } = await import('./o2o/run-word.ts');
    return runWord(word, argv.slice(1), streams);
  }
  try {
    const [first, second] = argv;
    const isHelp = (word: string | undefined) => word === '--help' || word === '-h';
    if (first === undefined) throw new UsageError('expected a filter; o2o --help lists them');
    if (isHelp(first)) return await print(streams, overview());
    if (first === '--version') return await print(streams, `o2o v${version}\n`);
    if (isHelp(second)) return await print(streams, describe(passNamed(first, known)));
    if (second === '--version' && argv.length === 2)
      return await print(streams, `${passNamed(first, known).name} v${version}\n`);
    return await runChain(parseChain(argv, known), descriptors);
  } catch (error) {
    if (error instanceof OutputClosed) return exitCode.done;
    const isUsage = error instanceof UsageError || (error instanceof GgmaError && error.code === 'USAGE');
    try {
      writeFully(descriptors.stderr, errorLine(error));
    } catch {
      // Nobody listens; the exit code says it.
    }
    return isUsage ? exitCode.usage : exitCode.failed;
  }
}

async function print({ stdout }: Streams, text: string): Promise<number> {
  const ignore = () => {};
  // Without a listener a stream's error (EPIPE) would end the process; the write reports its own.
  stdout.on('error', ignore);
  try {
    await writeAll(stdout, text);
    return exitCode.done;
  } finally {
    stdout.removeListener('error', ignore);
  }
}

function usageOf({ name, usage }: Pass): string {
  return usage === '' ? name : `${name} ${usage}`;
}

function overview(): string {
  const width = Math.max(...[...passes, ...words].map(({ name }) => name.length)) + 2;
  const row = ({ name, summary }: { name: string; summary: string }) => `  ${name.padEnd(width)}${summary}`;
  return [
    'Usage: o2o FILTER [ARGUMENTS] [+ FILTER [ARGUMENTS]]… < IN.circle > OUT.circle',
    ...words.map(({ name, positionals }) => `       o2o ${name} [options] ${positionals}`),
    '',
    'Rewrites Circle models; several filters run in one process. Each is a command of its own too.',
    '',
    ...passes.map(row),
    '',
    'Looks at models:',
    '',
    ...words.map(row),
    '',
    'Options of filters:',
    '',
    ...options('a filter finds nothing to do'),
    '',
    'o2o NAME --help says more of each.',
    '',
  ].join('\n');
}

function describe(pass: Pass): string {
  const input = pass.kind === 'filter' ? ' < IN.circle' : '';
  const example =
    pass.example.length === 0 ? [] : [`For example: ${[pass.name, ...pass.example].join(' ')}`, ''];
  return [
    `Usage: ${usageOf(pass)}${input} > OUT.circle`,
    '',
    `${pass.summary[0]!.toUpperCase()}${pass.summary.slice(1)}.`,
    '',
    ...example,
    ...options('there is nothing to do'),
    '',
  ].join('\n');
}

function options(idle: string): string[] {
  return [
    `      --strict            exit 1 when ${idle}`,
    '      --external-buffers  write constants behind the flatbuffer (always from 1 GiB on)',
    '  -o, --output FILE       write there instead of standard output; the file is whole, or the old one',
    '      --version           print the version',
    '  -h, --help              print this',
  ];
}
