/** Somebody else's filter as a command: the same words, streams and exit codes as ggma's own. */
import process from 'node:process';
import { GgmaError } from '../errors.ts';
import { type Filter, passes } from '../passes/index.ts';
import { findWord } from './o2o/index.ts';
import { main } from './o2o.ts';

/**
 * Runs the filter over the process's arguments and streams, and leaves its exit code: a Circle model comes on standard
 * input and goes to standard output (`-o FILE`), `+` chains ggma's filters behind it, `--help` describes it. What goes
 * wrong is one line on standard error, and exit code 1 or 2 (usage).
 * @param argv default: the process's arguments
 * @throws GgmaError USAGE for a name that ggma uses itself
 */
export async function runFilter(
  filter: Filter,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const { name } = filter;
  if (findWord(name) || passes.some((pass) => pass.name === name))
    throw new GgmaError('USAGE', `expected a name of its own for the filter, got '${name}'`);
  process.exitCode = await main([name, ...argv], undefined, undefined, [filter, ...passes]);
}
