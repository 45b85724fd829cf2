/** opm: from a model on a hub to a package. Its words: init, import, export, prepare, clean. */
import { processStreams, runWords, type Streams, type Word } from '../common/index.ts';
import { main as cleanMain } from './clean.ts';
import { type Context, processContext } from './context.ts';
import { main as exportMain } from './export.ts';
import { main as importMain } from './import.ts';
import { main as initMain } from './init.ts';
import { main as prepareMain } from './prepare.ts';

interface OpmWord extends Omit<Word, 'load'> {
  run(argv: readonly string[], streams: Streams, context: Context): Promise<number>;
}

const words: readonly OpmWord[] = [
  {
    name: 'init',
    usage: 'init',
    summary: 'look whether this machine can run models; write a starter pipeline.yaml',
    run: initMain,
  },
  {
    name: 'import',
    usage: 'import OWNER/NAME | DIRECTORY',
    summary: 'fetch a model from a Hugging Face hub, or copy one, to build/NAME',
    run: importMain,
  },
  {
    name: 'export',
    usage: 'export [-s tinyllama] [-p pipeline.yaml] [--prepare] [NAME]',
    summary: 'make a package of build/NAME: export, filters, merge, to build/out',
    run: exportMain,
  },
  {
    name: 'prepare',
    usage: 'prepare [PACKAGE]',
    summary: 'put the compiled program and packed weights into a package (default: build/out): faster starts',
    run: prepareMain,
  },
  {
    name: 'clean',
    usage: 'clean [--all]',
    summary: 'remove build/out and what was left unfinished; --all: the imported models too',
    run: cleanMain,
  },
];

/** @returns the exit code */
export function main(
  argv: readonly string[],
  streams: Streams = processStreams(),
  context: Context = processContext(),
): Promise<number> {
  const bound = words.map(
    ({ run, ...word }): Word => ({
      ...word,
      load: async () => (rest, to) => run(rest, to, context),
    }),
  );
  const before = ['Usage: opm WORD [options]', '', 'From a model on a hub to a package.'];
  return runWords({ name: 'opm', before, after: [], words: bound }, argv, streams);
}
