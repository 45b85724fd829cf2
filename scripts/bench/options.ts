/** Options of the benchmarks: what each may hold, and one clear line for what it may not. */
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { KvDtype } from '../../lib/native.ts';
import { type DtypeName, dtypes } from './dtypes.ts';
import { isKit } from './kit.ts';
import { type ModelName, modelNames } from './models.ts';

/** One option: its default, as it would be typed, and what its text means; `read` throws for other texts. */
export interface Option<T> {
  fallback: string;
  read(text: string, name: string): T;
}

/** A switch: absent is false. */
export const flag = { flag: true } as const;

type Spec = Record<string, Option<unknown> | typeof flag>;

export type Values<S extends Spec> = {
  [K in keyof S]: S[K] extends Option<infer T> ? T : boolean;
};

/** Whether a benchmark measures the peers beside it: PEERS_DIR, where the peers kit was set up. */
export type PeersDir = 'none' | 'optional' | 'required';

/** Words separated by commas, each one of `names`. */
export function namesOf<T extends string>(names: readonly T[], fallback: string): Option<T[]> {
  return { fallback, read: (text, name) => text.split(',').map((word) => oneOf(names, word, name)) };
}

export function nameOf<T extends string>(names: readonly T[], fallback: T): Option<T> {
  return { fallback, read: (text, name) => oneOf(names, text, name) };
}

/** Positive integers separated by commas. */
export function counts(fallback: string): Option<number[]> {
  return { fallback, read: (text, name) => text.split(',').map((word) => positive(word, name)) };
}

export function count(fallback: string): Option<number> {
  return { fallback, read: positive };
}

/** Default numbers of threads: 1, and twice as many up to all cores. */
export function coresUpTo(cores = os.availableParallelism()): string {
  const steps = [];
  for (let threads = 1; threads < cores; threads *= 2) steps.push(threads);
  return [...steps, cores].join(',');
}

export const models = (fallback: string): Option<ModelName[]> => namesOf(modelNames, fallback);
export const kvOf = (fallback: string): Option<KvDtype[]> => namesOf<KvDtype>(['f32', 'f16'], fallback);
export const dtypesOf = (fallback: string): Option<DtypeName[]> => namesOf(dtypes, fallback);

/** What the words of a command line say; throws an Error of one line for words that say nothing. */
export function parseOptions<S extends Spec, P extends PeersDir>(
  words: readonly string[],
  spec: S,
  peers: P,
): Values<S> & { kit: P extends 'required' ? string : string | null } {
  const { values, positionals } = split(words, spec);
  const read = Object.entries(spec).map(([name, option]) => {
    const given = values[name];
    if ('flag' in option) return [name, given === true];
    return [name, option.read(typeof given === 'string' ? given : option.fallback, name)];
  });
  return { ...Object.fromEntries(read), kit: kitOf(positionals, peers) };
}

/** Words as texts by option, and what stands alone. */
function split(
  words: readonly string[],
  spec: Spec,
): { values: Record<string, unknown>; positionals: string[] } {
  const options = Object.entries(spec).map(([name, option]) => [
    name,
    { type: 'flag' in option ? ('boolean' as const) : ('string' as const) },
  ]);
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: Object.fromEntries(options),
    });
  } catch (error) {
    const known = Object.keys(spec).map((name) => `--${name}`);
    const [said] = (error as Error).message.split(/\. |\n/);
    throw new Error(`expected options of ${known.join(', ')}: ${said}`, { cause: error });
  }
}

/** The options of this process; bad ones end it with a line and status 2, as the commands do. */
export function optionsOf<S extends Spec, P extends PeersDir>(spec: S, peers: P) {
  try {
    return parseOptions(process.argv.slice(2), spec, peers);
  } catch (error) {
    console.error((error as Error).message.split('\n')[0]);
    process.exit(2);
  }
}

function kitOf(positionals: readonly string[], peers: PeersDir): string | null {
  const [dir, ...rest] = positionals;
  const extra = peers === 'none' ? dir : rest[0];
  if (extra !== undefined)
    throw new Error(`expected ${peers === 'none' ? 'options alone' : 'one PEERS_DIR'}, got '${extra}' too`);
  if (dir === undefined && peers !== 'required') return null;
  if (isKit(dir)) return dir;
  throw new Error(`expected PEERS_DIR, a directory with lcpp/bin/llama-bench, got ${dir ?? 'nothing'}`);
}

function oneOf<T extends string>(names: readonly T[], word: string, option: string): T {
  const found = names.find((name) => name === word);
  if (found === undefined) throw new Error(`expected ${names.join(', ')} for --${option}, got '${word}'`);
  return found;
}

function positive(word: string, option: string): number {
  if (!/^[1-9]\d{0,8}$/.test(word))
    throw new Error(`expected a positive integer for --${option}, got '${word}'`);
  return Number(word);
}
