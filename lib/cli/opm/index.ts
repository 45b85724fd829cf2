/** opm: from a model on a hub to a package. Its words: init, import, export, prepare, clean. */
import { version } from '../../version.ts';
import { errorLine, exitCode, processStreams, type Streams, UsageError, writeAll } from '../common/index.ts';
import { type Context, processContext } from './context.ts';

interface Word {
  name: string;
  usage: string;
  summary: string;
  load(): Promise<(argv: readonly string[], streams: Streams, context: Context) => Promise<number>>;
}

const words: readonly Word[] = [
  {
    name: 'init',
    usage: 'init',
    summary: 'look whether this machine can run models; write a starter pipeline.yaml',
    load: async () => (await import('./init.ts')).main,
  },
  {
    name: 'import',
    usage: 'import OWNER/NAME | DIRECTORY',
    summary: 'fetch a model from a Hugging Face hub, or copy one, to build/NAME',
    load: async () => (await import('./import.ts')).main,
  },
  {
    name: 'export',
    usage: 'export [-s tinyllama] [-p pipeline.yaml] [--prepare] [NAME]',
    summary: 'make a package of build/NAME: export, filters, merge, to build/out',
    load: async () => (await import('./export.ts')).main,
  },
  {
    name: 'prepare',
    usage: 'prepare [PACKAGE]',
    summary: 'put the compiled program and packed weights into a package (default: build/out): faster starts',
    load: async () => (await import('./prepare.ts')).main,
  },
  {
    name: 'clean',
    usage: 'clean [--all]',
    summary: 'remove build/out and what was left unfinished; --all: the imported models too',
    load: async () => (await import('./clean.ts')).main,
  },
];

/** @returns the exit code */
export async function main(
  argv: readonly string[],
  streams: Streams = processStreams(),
  context: Context = processContext(),
): Promise<number> {
  const [first, ...rest] = argv;
  const word = words.find(({ name }) => name === first);
  if (word !== undefined) return (await word.load())(rest, streams, context);
  const ignore = () => {};
  streams.stdout.on('error', ignore);
  try {
    if (first === '--help' || first === '-h') await writeAll(streams.stdout, overview());
    else if (first === '--version') await writeAll(streams.stdout, `opm v${version}\n`);
    else {
      const names = words.map(({ name }) => name).join(', ');
      const error = new UsageError(`expected one of ${names}, got ${first ?? 'nothing'} (opm --help)`);
      await writeAll(streams.stderr, errorLine(error));
      return exitCode.usage;
    }
  } catch {
    // Whoever asked for the help has gone.
  } finally {
    streams.stdout.removeListener('error', ignore);
  }
  return exitCode.done;
}

function overview(): string {
  const width = Math.max(...words.map(({ usage }) => usage.length)) + 2;
  const rows = words.map(({ usage, summary }) => `  ${usage.padEnd(width)}${summary}`);
  return ['Usage: opm WORD [options]', '', 'From a model on a hub to a package.', '', ...rows, ''].join('\n');
}
