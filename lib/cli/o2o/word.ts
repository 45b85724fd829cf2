/** Words of o2o: commands that look at models instead of rewriting them. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import { type Model, openModel as openCircle, readModel, withFileName } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import { fileNames } from '../../package/index.ts';
import { type Invocation, type OptionSpec, refuseTerminalInput } from '../common/index.ts';

/** What lists of commands say of a word. */
export interface WordEntry {
  name: string;
  /** As in a list of commands: "print a model as text". */
  summary: string;
  /** As the help shows them, e.g. "[FILE]". */
  positionals: string;
}

export interface Word {
  /** How many positional arguments. */
  count: readonly [min: number, max: number];
  options: Readonly<Record<string, OptionSpec>>;
  /** More lines of the help. */
  details?: string;
  /** @returns the exit code */
  run(invocation: Invocation): Promise<number>;
}

/**
 * The model of a file, of a package's folder, or of standard input; its constants can be read until the command ends.
 * @throws GgmaError INPUT, CIRCLE_*; UsageError at a terminal
 */
export async function openModel(invocation: Invocation, file?: string): Promise<Model> {
  const { stdin } = invocation.streams;
  if (file === undefined) refuseTerminalInput(invocation.streams, 'a Circle model');
  // Tests pass a stream of their own, which has no descriptor to read from.
  if (file === undefined && stdin !== process.stdin) return readModel(await buffer(stdin), STDIN);
  const opened = openCircle(file === undefined ? 0 : modelFile(file), file ?? STDIN);
  invocation.defer(() => opened.close());
  return opened.model;
}

/** The file itself, or for a folder the model in it. @throws GgmaError INPUT */
function modelFile(file: string): string {
  if (!existsSync(file) || !statSync(file).isDirectory()) return file;
  const model = join(file, fileNames.model);
  if (existsSync(model)) return model;
  const expected = `expected a Circle model, or a package with ${fileNames.model}`;
  throw new GgmaError('INPUT', `${expected}, got a folder without one`, { path: file });
}

/** Says in which of several files an error is. */
export async function inFile<T>(file: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw withFileName(error, file ?? STDIN);
  }
}

/** How messages call standard input. */
export const STDIN = 'standard input';

/** Writes lines in pieces of about 64 KiB: a system call for each line would be slow. */
export async function writeLines(invocation: Invocation, lines: Iterable<string>, end = '\n'): Promise<void> {
  let piece: string[] = [];
  let size = 0;
  const flush = async () => {
    if (piece.length > 0) await invocation.write(piece.join(''));
    piece = [];
    size = 0;
  };
  for (const line of lines) {
    piece.push(line, end);
    size += line.length;
    if (size > PIECE) await flush();
  }
  await flush();
}

const PIECE = 1 << 16;
