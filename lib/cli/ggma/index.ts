/** ggma: what the package has, and one name for all of its commands (`npx ggma run …`, `npx ggma opm …`). */
import process from 'node:process';
import { isa, runtimeVersion } from '../../native.ts';
import { version } from '../../version.ts';
import { errorLine, processStreams, runWords, type Streams, type Word } from '../common/index.ts';

const SUMMARY = 'Small language models in Node, on the CPU.';
const AFTER = ['ggma WORD --help says more of each. In a program: import { load } from "ggma"'];

const words: readonly Word[] = [
  {
    name: 'run',
    usage: 'run [PACKAGE]',
    summary: 'continue a prompt with a package; without one, the demo model tells a story (ggma_run)',
    load: async () => (await import('../ggma_run.ts')).main,
  },
  {
    name: 'opm',
    usage: 'opm WORD',
    summary: 'fetch a model from a hub and make a package of it (opm)',
    load: async () => (await import('../opm/index.ts')).main,
  },
  {
    name: 'o2o',
    usage: 'o2o FILTER|WORD',
    summary: 'rewrite, print, compare, verify or draw Circle models (o2o)',
    load: async () => (await import('../o2o.ts')).main,
  },
  {
    name: 'compile',
    usage: 'compile',
    summary: 'compile the addon, on a platform that the package brings none for',
    load: async () => (await import('./compile.ts')).main,
  },
];

/** @returns the exit code */
export function main(argv: readonly string[], streams: Streams = processStreams()): Promise<number> {
  const needsHelp = !words.some(({ name }) => name === argv[0]);
  const before = needsHelp ? [versions(), '', 'Usage: ggma WORD [options]', '', SUMMARY] : [];
  return runWords({ name: 'ggma', before, after: AFTER, words, bareIsHelp: true }, argv, streams);
}

/** One line: what is installed, and whether the addon loads. */
function versions(): string {
  return `ggma v${version} (Node ${process.versions.node}, ${process.platform}-${process.arch}; ${addonState()})`;
}

function addonState(): string {
  try {
    return `addon v${runtimeVersion()}, ${isa()}`;
  } catch (error) {
    return errorLine(error).trim();
  }
}
