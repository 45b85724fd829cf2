/**
 * o2o: filters. One word starts a filter, ` + ` chains them in one process; a filter's own command is a chain of one.
 * Circle comes on standard input (or from files for merge.circles) and goes to standard output.
 */
import { chunksOf, layOut, readModel } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { lift, lower, type Module } from '../ir/index.ts';
import { findPass, type Outcome, type Pass, passes } from '../passes/index.ts';
import { version } from '../version.ts';
import {
  errorLine,
  exitCode,
  OutputClosed,
  processStreams,
  readAll,
  readInput,
  refuseTerminalInput,
  refuseTerminalOutput,
  type Streams,
  UsageError,
  writeAll,
} from './common/index.ts';
import { words } from './o2o/words.ts';

interface Stage {
  pass: Pass;
  words: string[];
}

interface Chain {
  stages: Stage[];
  strict: boolean;
  externalBuffers: boolean;
}

/** @returns the exit code */
export async function main(argv: readonly string[], streams: Streams = processStreams()): Promise<number> {
  const ignore = () => {};
  streams.stdout.on('error', ignore);
  try {
    const [first, second] = argv;
    const word = words.find(({ name }) => name === first);
    if (word) return await (await word.load())(argv.slice(1), streams);
    const isHelp = (word: string | undefined) => word === '--help' || word === '-h';
    if (first === undefined) throw new UsageError('expected a filter; o2o --help lists them');
    if (isHelp(first)) return await print(streams, overview());
    if (first === '--version') return await print(streams, `o2o v${version}\n`);
    if (isHelp(second)) return await print(streams, describe(passNamed(first)));
    if (second === '--version' && argv.length === 2)
      return await print(streams, `${passNamed(first).name} v${version}\n`);
    return await runChain(parseChain(argv), streams);
  } catch (error) {
    if (error instanceof OutputClosed) return exitCode.done;
    const isUsage = error instanceof UsageError || (error instanceof GgmaError && error.code === 'USAGE');
    await writeAll(streams.stderr, errorLine(error)).catch(ignore);
    return isUsage ? exitCode.usage : exitCode.failed;
  } finally {
    streams.stdout.removeListener('error', ignore);
  }
}

/** `a x y + b` → two stages. @throws UsageError */
export function parseChain(argv: readonly string[]): Chain {
  const flags = new Set<string>(argv.filter((word) => word === '--strict' || word === '--external-buffers'));
  const groups: string[][] = [[]];
  for (const word of argv.filter((word) => !flags.has(word))) {
    if (word === '+') groups.push([]);
    else groups.at(-1)!.push(word);
  }
  const stages = groups.map(([name, ...words]) => {
    if (name === undefined) throw new UsageError("expected a filter on both sides of '+'");
    return { pass: passNamed(name), words };
  });
  const late = stages.slice(1).find(({ pass }) => pass.kind === 'source');
  if (late) throw new UsageError(`expected ${late.pass.name}, which reads files, at the start of the chain`);
  return { stages, strict: flags.has('--strict'), externalBuffers: flags.has('--external-buffers') };
}

async function runChain({ stages, strict, externalBuffers }: Chain, streams: Streams): Promise<number> {
  // Every filter's words are read before anything is, so that a wrong one costs nothing.
  const [first, ...rest] = stages.map(prepare);
  refuseTerminalOutput(streams, 'a Circle model');
  let input: Uint8Array | null = null;
  let module: Module;
  let changed = externalBuffers;
  if (first!.kind === 'source') {
    module = await first!.run();
    changed = true;
  } else {
    refuseTerminalInput(streams, 'a Circle model');
    input = await readAll(streams.stdin);
    module = lift(readModel(input, 'standard input'));
  }
  let idle = 0;
  for (const stage of first!.kind === 'source' ? rest : [first!, ...rest]) {
    if (stage.kind === 'source') continue;
    const outcome = stage.run(module);
    if (outcome.changed > 0) changed = true;
    else idle++;
    for (const line of report(stage.name, outcome)) await writeAll(streams.stderr, line);
  }
  if (strict && idle > 0) return exitCode.failed;
  if (!changed && input !== null) await writeAll(streams.stdout, input);
  else
    for (const chunk of chunksOf(layOut(lower(module), externalBuffers ? { externalBuffers } : {})))
      await writeAll(streams.stdout, chunk);
  return exitCode.done;
}

type Prepared =
  | { kind: 'source'; run(): Promise<Module> }
  | { kind: 'filter'; name: string; run(module: Module): Outcome };

function prepare({ pass, words }: Stage): Prepared {
  if (pass.kind === 'filter') return { kind: 'filter', name: pass.name, run: pass.prepare(words) };
  const { files, combine } = pass.prepare(words);
  return {
    kind: 'source',
    run: async () => {
      const modules = await Promise.all(
        files.map(async (file) => lift(readModel(await readInput(file), file))),
      );
      return combine(modules);
    },
  };
}

/** Nothing matched, or not everything: how many of how many, and why not. */
function report(name: string, { changed, candidates, what, reasons }: Outcome): string[] {
  if (reasons.length === 0) return [];
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const lines = [...counts].slice(0, 5).map(([reason, n]) => (n > 1 ? `${reason} (${n} times)` : reason));
  const more = counts.size > 5 ? `; and ${counts.size - 5} more reasons` : '';
  return [`${name}: ${changed} of ${candidates} ${what} changed: ${lines.join('; ')}${more}\n`];
}

function passNamed(name: string): Pass {
  const pass = findPass(name);
  if (!pass) throw new UsageError(`expected a filter, got '${name}'; o2o --help lists them`);
  return pass;
}

async function print({ stdout }: Streams, text: string): Promise<number> {
  await writeAll(stdout, text);
  return exitCode.done;
}

function usageOf({ name, usage }: Pass): string {
  return usage === '' ? name : `${name} ${usage}`;
}

function overview(): string {
  const width = Math.max(...passes.map(({ name }) => name.length)) + 2;
  const row = ({ name, summary }: { name: string; summary: string }) => `  ${name.padEnd(width)}${summary}`;
  return [
    'Usage: o2o FILTER [ARGUMENTS] [+ FILTER [ARGUMENTS]]… < IN.circle > OUT.circle',
    '',
    'Rewrites Circle models; several filters run in one process. Each is a command of its own too.',
    '',
    ...passes.map(row),
    '',
    'Words that look at a model (o2o WORD --help):',
    '',
    ...words.map(row),
    '',
    '  --strict            exit 1 when a filter finds nothing to do',
    '  --external-buffers  write constants behind the flatbuffer (always from 1 GiB on)',
    '  --help, --version',
    '',
  ].join('\n');
}

function describe(pass: Pass): string {
  const input = pass.kind === 'filter' ? ' < IN.circle' : '';
  const example = [pass.name, ...pass.example].join(' ');
  return [
    `Usage: ${usageOf(pass)}${input} > OUT.circle`,
    '',
    `${pass.summary[0]!.toUpperCase()}${pass.summary.slice(1)}.`,
    '',
    `  for example: ${example}`,
    '  --strict            exit 1 when there is nothing to do',
    '  --external-buffers  write constants behind the flatbuffer (always from 1 GiB on)',
    '  --help, --version',
    '',
  ].join('\n');
}
