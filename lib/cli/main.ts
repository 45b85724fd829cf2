/** Starts a command by its name: what the files in dist/bin call. */
import process from 'node:process';
import { commands } from './commands.ts';

/** Runs the command with the process's arguments and leaves its exit code. */
export async function start(name: string): Promise<void> {
  const command = commands.find((known) => known.name === name);
  const main = await command!.load!();
  process.exitCode = await main(process.argv.slice(2));
}
